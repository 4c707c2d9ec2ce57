import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exampleOf, kinds } from '../scripts/new/examples.mjs'
import { layoutOf } from '../scripts/new/layout.mjs'
import { root } from '../scripts/pnpm.mjs'

const read = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined)
const page = read('CONTRIBUTING.md') ?? ''

/** What a section of CONTRIBUTING.md touches: its own files, lines in others, and what tests it. */
function touched(section: string) {
  const { files, changes } = exampleOf(section, page)
  const paths = files.map(({ path }) => path)
  const isTest = (path: string) => path.endsWith('.test.ts') || path.startsWith('fixtures/')
  return {
    files: paths.filter((path) => !isTest(path)),
    lines: changes.map(({ path }) => path).filter((path) => !isTest(path)),
    tests: [...paths, ...changes.map(({ path }) => path)].filter(isTest),
  }
}

test('the table of files touched is what the sections of CONTRIBUTING.md show', () => {
  const rows = [...Object.values(kinds).map(({ section }) => section), 'A setting'].map((section) => {
    const { files, lines, tests } = touched(section)
    const code = (paths: string[]) => paths.map((path) => `\`${path.replace(/^packages\//, '')}\``).join(', ') || '—'
    return [section.replace(/^An? /, ''), code(files), code(lines), code(tests)]
  })
  const [, table = ''] = page.split(/<!-- \/?files -->/)
  const cells = table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  expect(cells.slice(2)).toEqual(rows)
})

describe('pnpm new', () => {
  test.each(Object.entries(kinds))(
    'lays out the section of %s, under the name that stands there and under others',
    (kind, { name, section }) => {
      const { files, changes } = exampleOf(section, page)
      expect(files.length).toBeGreaterThan(1)
      expect(changes.length).toBeGreaterThan(0)
      const same = layoutOf(kind, name, { read })
      expect(same.filter(({ isNew }) => isNew).map(({ path, text }) => ({ path, text }))).toEqual(files)
      const other = layoutOf(kind, 'zebra-stripe', { read })
      expect(other.map(({ path }) => path).filter((path) => path.includes(name))).toEqual([])
      for (const { path, text, isNew } of other) {
        // Nothing of the example's name is left, and a file that is changed keeps all that it had.
        if (isNew) expect(text, path).not.toMatch(new RegExp(name.replace('-', '-?'), 'i'))
        else expect(text.split('\n')).toEqual(expect.arrayContaining((read(path) ?? '').split('\n')))
        expect(text).toMatch(/zebraStripe|ZebraStripe|zebra-stripe/)
      }
    },
  )

  test('puts an operator into the folder that it is told', () => {
    expect(layoutOf('op', 'loss/hinge', { read }).map(({ path }) => path)).toEqual([
      'packages/ops/src/loss/hinge.ts',
      'packages/ops/src/loss/hinge.test.ts',
      'fixtures/make_hinge.py',
      'packages/ops/src/index.ts',
      'fixtures/README.md',
    ])
  })

  test.each([
    [
      'widget',
      'x',
      'expected one of layer, model, task, data, optimizer, loss, metric, op, got widget. Try: pnpm new layer my-layer',
    ],
    ['toString', 'x', 'got toString'],
    [undefined, undefined, 'got nothing'],
    ['layer', undefined, 'expected a name in lower case with dashes, got nothing. Try: pnpm new layer my-layer'],
    ['layer', 'MyGate', "got 'MyGate'. Try: pnpm new layer my-gate"],
    ['layer', 'my_gate', "got 'my_gate'. Try: pnpm new layer my-gate"],
    ['model', '../../x', "got '../../x'. Try: pnpm new model x"],
    ['layer', 'linear', 'the name linear is taken: packages/layers/src/linear.ts. Take another one.'],
    ['op', 'leaky-relu', 'the name leaky-relu is taken: packages/ops/src/index.ts has'],
    ['op', 'max-pool2d', "the name max-pool2d is taken: packages/ops/src/index.ts has 'maxPool2d,'"],
  ])('refuses %s %s', (kind, name, message) => {
    expect(() => layoutOf(kind, name, { read })).toThrow(message)
  })
})
