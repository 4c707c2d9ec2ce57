import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { expect, test } from 'vitest'
import { equivalent, stale } from '../scripts/mutation/equivalent.mjs'
import { mutantsOf } from '../scripts/mutation/mutants.mjs'
import { targets } from '../scripts/mutation/targets.mjs'
import { root } from '../scripts/pnpm.mjs'

const files = await Promise.all(
  (await targets()).map(async ({ file }) => ({
    path: relative(root, file),
    mutants: mutantsOf(file, await readFile(file, 'utf8')),
  })),
)

test('every mutant that is listed as changing no result is one of today’s files', () => {
  expect(files.length).toBeGreaterThan(100)
  expect(stale(files)).toEqual([])
})

test('one whose file or line is gone is told', () => {
  const path = 'packages/ops/src/array/prod.ts'
  const [file] = files.filter((each) => each.path === path)
  const listed = file?.mutants.filter((mutant) => equivalent(path, mutant) !== undefined) ?? []
  expect(listed).toHaveLength(1)
  const others = files.filter((each) => each.path !== path)
  const said = [expect.stringMatching(/^array\/prod\.ts: y = /)]
  expect(stale(others)).toEqual(said)
  expect(stale([...others, { path, mutants: file?.mutants.filter((each) => !listed.includes(each)) ?? [] }])).toEqual(
    said,
  )
  expect(stale([...others, { path: `${path}.bak`, mutants: listed }])).toEqual(said)
})
