import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
interface Count {
  readonly casts: number
  readonly unknown: number
}
const table: Readonly<Record<string, Count>> = JSON.parse(readFileSync(new URL('casts.json', import.meta.url), 'utf8'))

/** TypeScript that we write, by the package, the app or the folder that it is in. */
function areas(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const top of ['packages', 'apps', 'test', 'conformance', 'benchmarks', 'examples']) {
    for (const { name, parentPath } of readdirSync(join(root, top), { recursive: true, withFileTypes: true })) {
      if (!/\.m?ts$/.test(name) || /[/\\](node_modules|dist|\.[^/\\]+)([/\\]|$)/.test(parentPath)) continue
      const path = join(parentPath, name).slice(root.length).replaceAll('\\', '/')
      const area = ['packages', 'apps'].includes(top) ? path.split('/').slice(0, 2).join('/') : top
      found.set(area, [...(found.get(area) ?? []), path])
    }
  }
  return found
}

/** The casts of a file; `as const` is none, and `as unknown as T` is one. */
function castsIn(path: string): Count {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true)
  const count = { casts: 0, unknown: 0 }
  const visit = (node: ts.Node): void => {
    if (ts.isAsExpression(node) && !ts.isConstTypeReference(node.type)) {
      count.casts += ts.isAsExpression(node.expression) ? 0 : 1
      if (ts.isAsExpression(node.expression)) count.unknown++
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return count
}

const counted = new Map(
  [...areas()].map(([area, files]) => {
    const all = files.map(castsIn)
    const total = (what: 'casts' | 'unknown') => all.reduce((sum, each) => sum + each[what], 0)
    return [area, { casts: total('casts'), unknown: total('unknown') }] as const
  }),
)

// A number in test/casts.json may only go down: fix the types instead, or check what is there (`@ddnet/ops/checks`).
test.each([...counted])('%s has no more casts than it had', (area, { casts, unknown }) => {
  const known = table[area]
  expect(casts, '`as T`').toBeLessThanOrEqual(known?.casts ?? 0)
  expect(unknown, '`as unknown as T`').toBeLessThanOrEqual(known?.unknown ?? 0)
})

test('the table names what there is', () => {
  expect(Object.keys(table).filter((area) => !counted.has(area))).toEqual([])
})
