import ts from 'typescript'

/** Functions that are easily confused, each with what takes its place. */
const swapped = new Map([
  ['add', 'sub'],
  ['sub', 'add'],
  ['mul', 'div'],
  ['div', 'mul'],
  ['maximum', 'minimum'],
  ['minimum', 'maximum'],
  ['greater', 'less'],
  ['less', 'greater'],
  ['greaterEqual', 'lessEqual'],
  ['lessEqual', 'greaterEqual'],
  ['equal', 'notEqual'],
  ['sum', 'mean'],
  ['mean', 'sum'],
  ['max', 'min'],
  ['min', 'max'],
  ['sqrt', 'square'],
  ['rsqrt', 'sqrt'],
  ['exp', 'log'],
  ['sigmoid', 'tanh'],
  ['floor', 'ceil'],
  ['ceil', 'floor'],
  ['conv2dOp', 'conv2dInputGradientOp'],
])

/** Functions of one argument and of two whose first argument alone is a plausible slip: a dropped term. */
const droppable = new Set([
  'add',
  'sub',
  'mul',
  'div',
  'neg',
  'square',
  'reverse',
  'transpose',
  'activate',
  'addBias',
  'sumToShape',
  'cast',
])

const operators = new Map([
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '+'],
  [ts.SyntaxKind.SlashToken, '*'],
])

/**
 * Slips that a person makes, one at a time, in what a file computes: a function or sign mistaken, a term dropped, a
 * number off by one, axes or paddings swapped, the wrong saved tensor, a flag flipped.
 *
 * Left alone: checks and their messages, types, imports, names given as strings, and comparisons of JavaScript values,
 * most of which only choose the faster of two ways.
 *
 * @returns {{ line: number, source: string, from: string, to: string, code: string }[]}
 */
export function mutantsOf(path, code) {
  const file = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true)
  const lines = code.split('\n')
  const found = []
  const replace = (node, to, kind) => {
    const [start, end] = [node.getStart(file), node.getEnd()]
    const line = file.getLineAndCharacterOfPosition(start).line + 1
    found.push({
      kind,
      line,
      source: lines[line - 1],
      from: code.slice(start, end),
      to,
      code: code.slice(0, start) + to + code.slice(end),
    })
  }
  const text = (node) => node.getText(file)
  const imported = new Set()
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) {
      for (const each of statement.importClause?.namedBindings?.elements ?? []) imported.add(each.name.text)
    } else if (ts.isVariableStatement(statement)) {
      for (const each of statement.declarationList.declarations) imported.add(text(each.name))
    }
  }

  function visit(node) {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isThrowStatement(node)) return
    // A check that throws: the messages' tests know it, and what it lets through is not computed.
    if (ts.isIfStatement(node) && isCheck(node)) return
    if (ts.isCallExpression(node)) {
      const name = text(node.expression).replace(/^tf\./, '')
      if (/^(expect|pair$|require)/.test(name)) return
      const bare = !text(node.expression).includes('.') || text(node.expression).startsWith('tf.')
      const other = swapped.get(name)
      const reachable = text(node.expression).startsWith('tf.') || imported.has(other)
      if (bare && other !== undefined) {
        if (reachable) replace(node.expression, text(node.expression).replace(name, other), 'another function')
      }
      if (bare && droppable.has(name) && node.arguments.length > 0)
        replace(node, text(node.arguments[0]), 'a dropped term')
      if (bare && ['sub', 'div', 'matMul'].includes(name) && node.arguments.length >= 2) {
        const [a, b, ...rest] = node.arguments.map(text)
        replace(node, `${text(node.expression)}(${[b, a, ...rest].join(', ')})`, 'exchanged operands')
      }
    }
    if (ts.isBinaryExpression(node) && operators.has(node.operatorToken.kind) && !inMessage(node)) {
      replace(node.operatorToken, operators.get(node.operatorToken.kind), 'another operator')
    }
    if (ts.isNumericLiteral(node) && !inMessage(node) && !ts.isPropertyName(node.parent)) {
      replace(node, String(Number(node.text) + 1), 'off by one')
    }
    if (ts.isArrayLiteralExpression(node) && node.elements.length >= 2 && !inMessage(node)) {
      const [a, b, ...rest] = node.elements.map(text)
      const isNames = node.elements.every((each) => ts.isStringLiteral(each))
      if (a !== b && !isNames && !a.startsWith('...') && !b.startsWith('...'))
        replace(node, `[${[b, a, ...rest].join(', ')}]`, 'swapped axes')
    }
    if (node.kind === ts.SyntaxKind.TrueKeyword) replace(node, 'false', 'flipped flag')
    if (node.kind === ts.SyntaxKind.FalseKeyword) replace(node, 'true', 'flipped flag')
    if (ts.isElementAccessExpression(node) && /^[01]$/.test(text(node.argumentExpression)) && !inMessage(node)) {
      // Rows for columns: visited as a number above, 0 → 1; here 1 → 0.
      if (text(node.argumentExpression) === '1') replace(node.argumentExpression, '0', 'swapped axes')
    }
    if (ts.isPropertyAssignment(node) && isGradientOf(node)) wrongSaved(node)
    ts.forEachChild(node, visit)
  }

  /** In a gradient, one saved tensor in the place of another. */
  function wrongSaved(node) {
    const parameter = node.initializer.parameters?.[1]?.name
    if (parameter === undefined || !ts.isObjectBindingPattern(parameter)) return
    const names = parameter.elements.map((each) => text(each.name))
    if (names.length < 2) return
    const visitUse = (inner) => {
      if (ts.isIdentifier(inner) && names.includes(inner.text) && inner.parent !== undefined && isUse(inner)) {
        const other = names[(names.indexOf(inner.text) + 1) % names.length]
        const to = ts.isShorthandPropertyAssignment(inner.parent) ? `${inner.text}: ${other}` : other
        replace(inner, to, 'the wrong saved tensor')
      }
      ts.forEachChild(inner, visitUse)
    }
    visitUse(node.initializer.body)
  }

  const isUse = (node) =>
    !(ts.isPropertyAssignment(node.parent) && node.parent.name === node) &&
    !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node)
  const isGradientOf = (node) =>
    ts.isArrowFunction(node.initializer) &&
    ts.isObjectLiteralExpression(node.parent) &&
    ts.isPropertyAssignment(node.parent.parent) &&
    text(node.parent.parent.name) === 'gradient'
  const isCheck = (node) =>
    ts.isThrowStatement(node.thenStatement) ||
    (ts.isBlock(node.thenStatement) && node.thenStatement.statements.some((each) => ts.isThrowStatement(each)))
  const inMessage = (node) => {
    for (let at = node.parent; at !== undefined; at = at.parent) {
      if (ts.isTemplateExpression(at) || ts.isThrowStatement(at) || ts.isTypeNode(at)) return true
    }
    return false
  }
  visit(file)
  return found
}
