import { readdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { entryOf } from '@ddnet/testing'
import ts from 'typescript'
import { expect, test } from 'vitest'

const packages = new URL('../packages/', import.meta.url)
const manifest = (name: string) => JSON.parse(readFileSync(new URL(`${name}/package.json`, packages), 'utf8'))
const internal = (name: string): string[] =>
  Object.keys(manifest(name).dependencies ?? {})
    .filter((dependency) => dependency.startsWith('@ddnet/'))
    .map((dependency) => dependency.slice('@ddnet/'.length))

/** What each package may stand on; ARCHITECTURE.md has the picture. */
const allowed: Record<string, string[]> = {
  ops: [],
  layers: ['ops'],
  models: ['ops', 'layers', 'losses', 'formats'],
  losses: ['ops'],
  metrics: ['ops', 'losses'],
  optimizers: ['ops'],
  datasets: ['ops'],
  formats: ['ops'],
  visuals: ['ops'],
  trainer: ['ops', 'layers', 'losses', 'metrics', 'optimizers', 'datasets', 'formats'],
  tasks: ['ops', 'layers', 'losses', 'metrics', 'models', 'trainer', 'visuals'],
  experiment: [
    'ops',
    'layers',
    'metrics',
    'models',
    'optimizers',
    'datasets',
    'formats',
    'tasks',
    'trainer',
    'visuals',
  ],
  'backend-wasm': ['ops'],
  'backend-webgpu': ['ops'],
  'backend-node': ['ops'],
  testing: ['ops', 'backend-wasm', 'backend-webgpu', 'backend-node'],
}

test('every package has a place in the architecture', () => {
  expect(readdirSync(packages).sort()).toEqual(Object.keys(allowed).sort())
})

test.each(Object.entries(allowed))('%s stands only on %j', (name, edges) => {
  expect(internal(name).filter((dependency) => !edges.includes(dependency))).toEqual([])
})

test('only ops and the backends touch tfjs', () => {
  const touching = Object.keys(allowed).filter((name) =>
    Object.keys(manifest(name).dependencies ?? {}).some((dependency) => dependency.startsWith('@tensorflow/')),
  )
  expect(touching.sort()).toEqual(['backend-node', 'backend-wasm', 'backend-webgpu', 'ops', 'testing'])
})

const root = fileURLToPath(new URL('..', import.meta.url))

/** Sources of packages and apps that import each other in circles, each circle sorted; types count, too. */
function importCircles(): string[][] {
  const files = ['packages', 'apps']
    .flatMap((folder) => readdirSync(resolve(root, folder), { recursive: true, withFileTypes: true }))
    .filter(
      ({ name, parentPath }) =>
        /\.ts$/.test(name) && /\/src(\/|$)/.test(parentPath) && !/node_modules/.test(parentPath),
    )
    .map(({ name, parentPath }) => resolve(parentPath, name))
  const imported = new Map(
    files.map((file) => [
      file,
      [...readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+\.ts)'/g)].map(([, path = '']) =>
        resolve(dirname(file), path),
      ),
    ]),
  )
  // Tarjan's strongly connected components.
  const order = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []
  const visit = (file: string): number => {
    let low = order.size
    const own = low
    order.set(file, own)
    open.push(file)
    for (const next of imported.get(file) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (open.includes(next)) low = Math.min(low, entryOf(order, next))
    }
    if (low === own) {
      const circle = open.splice(open.indexOf(file))
      if (circle.length > 1) circles.push(circle.map((each) => each.slice(root.length)).sort())
    }
    return low
  }
  for (const file of files) if (!order.has(file)) visit(file)
  return circles
}

/** What is being taken apart: what needs each other in one layer. */
const stillCircular = /^packages\/(layers|trainer)\//

test('no import leads back to where it came from', () => {
  expect(importCircles().filter((circle) => !circle.every((file) => stillCircular.test(file)))).toEqual([])
})

/** The sources of all that can be imported of the packages and of the command: `@ddnet/ops/kernels`. */
const entries = new Map<string, string>()
for (const folder of [...readdirSync(packages).map((name) => `packages/${name}`), 'apps/cli']) {
  const { name, exports } = JSON.parse(readFileSync(resolve(root, folder, 'package.json'), 'utf8'))
  for (const [path, target] of Object.entries<string | { '@ddnet/source'?: string }>(exports)) {
    const source = typeof target === 'string' ? target : target['@ddnet/source']
    if (source?.endsWith('.ts')) entries.set(name + path.slice(1), resolve(root, folder, source))
  }
}

const has = (node: ts.Node, modifier: ts.SyntaxKind): boolean =>
  ts.canHaveModifiers(node) && !!ts.getModifiers(node)?.some(({ kind }) => kind === modifier)

/** The names that a statement declares. */
function declaredBy(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations
      .map(({ name }) => (ts.isIdentifier(name) ? name.text : ''))
      .filter(Boolean)
  }
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement)
  return isNamed && statement.name ? [statement.name.text] : []
}

const exported = new Map<string, Map<string, string>>()

/** Where each name that a module exports is declared, through all modules that pass it on: `packages/ops/src/array/sum.ts#sum`. */
function exportsOf(file: string): Map<string, string> {
  const known = exported.get(file)
  if (known) return known
  const found = new Map<string, string>()
  exported.set(file, found)
  const { statements } = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)
  const sourceOf = (specifier: string): string | undefined =>
    specifier.startsWith('.') ? resolve(dirname(file), specifier) : entries.get(specifier)
  const from = (specifier: string, name: string): string => {
    const source = sourceOf(specifier)
    return source === undefined ? `${specifier}#${name}` : entryOf(exportsOf(source), name)
  }
  const textOf = (specifier: ts.Expression | undefined): string =>
    specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : ''
  const imported = new Map<string, string>()
  for (const statement of statements.filter(ts.isImportDeclaration)) {
    const bindings = statement.importClause?.namedBindings
    if (bindings === undefined || !ts.isNamedImports(bindings)) continue
    for (const { name, propertyName } of bindings.elements) {
      imported.set(name.text, `${textOf(statement.moduleSpecifier)}\n${(propertyName ?? name).text}`)
    }
  }
  for (const statement of statements) {
    if (has(statement, ts.SyntaxKind.ExportKeyword)) {
      for (const name of declaredBy(statement)) found.set(name, `${file.slice(root.length)}#${name}`)
    }
    if (ts.isExportAssignment(statement) || has(statement, ts.SyntaxKind.DefaultKeyword)) {
      found.set('default', `${file.slice(root.length)}#default`)
    }
    if (!ts.isExportDeclaration(statement)) continue
    const { exportClause, moduleSpecifier } = statement
    const specifier = textOf(moduleSpecifier)
    if (exportClause === undefined) {
      for (const [name, place] of exportsOf(sourceOf(specifier) ?? '')) found.set(name, place)
    } else if (ts.isNamespaceExport(exportClause)) {
      found.set(exportClause.name.text, `${sourceOf(specifier) ?? specifier}#*`)
    } else {
      for (const { name, propertyName } of exportClause.elements) {
        const local = (propertyName ?? name).text
        const [where = '', other = ''] = specifier ? [specifier, local] : (imported.get(local)?.split('\n') ?? [])
        found.set(name.text, where ? from(where, other) : `${file.slice(root.length)}#${local}`)
      }
    }
  }
  return found
}

test('a name that is exported means one thing in all packages', () => {
  const meanings = new Map<string, Map<string, string>>()
  for (const [entry, file] of entries) {
    for (const [name, place] of exportsOf(file)) meanings.set(name, (meanings.get(name) ?? new Map()).set(place, entry))
  }
  expect(meanings.size).toBeGreaterThan(900)
  expect(new Set(meanings.get('Tensor')?.keys())).toEqual(new Set(['@tensorflow/tfjs-core#Tensor']))
  const several = [...meanings].filter(([, places]) => places.size > 1)
  expect(several.map(([name, places]) => `${name}: ${[...places.values()].join(', ')}`)).toEqual([])
})
