import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { root } from '../scripts/pnpm.mjs'

/** Scripts of what is built, with all that is bundled into it: tfjs-node's JavaScript, tfjs and its workers in the studio. */
export const scripts: readonly string[] = ['packages', 'apps'].flatMap((workspace) =>
  readdirSync(join(root, workspace)).flatMap((name) => scriptsIn(join(root, workspace, name, 'dist'))),
)

function scriptsIn(dist: string): string[] {
  try {
    return readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(mjs|cjs|js)$/.test(name))
      .map((name) => join(dist, name))
  } catch {
    return [] // not built
  }
}

/** Where a script makes code of text: `eval`, `Function`, timers of text, `node:vm`; as `FILE:LINE what`. */
export function codeOfText(text: string, file: string): string[] {
  if (!/\beval\b|\bFunction\b|\bvm\b|setTimeout|setInterval|constructor\.constructor/.test(text)) return [] // no need to parse
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (makesCode(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart())
      found.push(`${file}:${line + 1} ${node.getText().slice(0, 60)}`)
    }
    node.forEachChild(visit)
  }
  visit(source)
  return found
}

function makesCode(node: ts.Node): boolean {
  // Of another module, another field or a comparison, `Function` is a name like any other.
  if (ts.isIdentifier(node) && node.text === 'eval') return !isField(node)
  if (ts.isStringLiteralLike(node) && node.text === 'eval') return ts.isElementAccessExpression(node.parent)
  if (ts.isStringLiteralLike(node) && /^(node:)?vm$/.test(node.text)) return ts.isImportDeclaration(node.parent)
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return false
  const name = nameOf(node.expression)
  if (name === 'Function' || name === 'constructor.constructor') return true
  const [first] = node.arguments ?? []
  if (name === 'setTimeout' || name === 'setInterval') return first !== undefined && ts.isStringLiteralLike(first)
  return name === 'require' && first !== undefined && /^['"](node:)?vm['"]$/.test(first.getText())
}

const isField = (node: ts.Identifier): boolean =>
  ts.isPropertyAssignment(node.parent) ||
  ts.isMethodDeclaration(node.parent) ||
  (ts.isPropertyAccessExpression(node.parent) &&
    node.parent.name === node &&
    !/^(globalThis|window|self|global)$/.test(node.parent.expression.getText()))

/** `Function` of `Function(…)`, `globalThis.Function(…)` and `(0, Function)(…)`. */
function nameOf(expression: ts.Expression): string {
  if (ts.isParenthesizedExpression(expression)) return nameOf(expression.expression)
  if (ts.isBinaryExpression(expression)) return nameOf(expression.right)
  const text = expression.getText()
  return text.endsWith('.constructor.constructor')
    ? 'constructor.constructor'
    : text.replace(/^(globalThis|window|self|global)\./, '')
}

/** All places in what is built where code is made of text. */
export const codeOfTextInScripts = (): string[] =>
  scripts.flatMap((file) => codeOfText(readFileSync(file, 'utf8'), relative(root, file)))
