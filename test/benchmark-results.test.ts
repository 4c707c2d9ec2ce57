import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { doubtsAbout, keepResult } from '../benchmarks/result.mjs'

const folder = fileURLToPath(new URL('../benchmarks/results/', import.meta.url))

interface Part {
  readonly commit?: string
  readonly loadAverage?: number
  readonly cores?: number
}
interface Result extends Part {
  readonly runs?: readonly Part[]
  readonly rows?: readonly Part[]
}
const read = (name: string): Result => JSON.parse(readFileSync(join(folder, name), 'utf8'))

/** Each part of a result that says at which commit it was measured. */
const parts = ({ runs = [], rows = [], ...whole }: Result): Part[] =>
  [whole, ...runs, ...rows].filter(({ commit }) => commit !== undefined)

const doubts = (name: string): string[] =>
  parts(read(name)).flatMap(({ commit = '', loadAverage = 0, cores = 1 }) => [
    ...(/^[0-9a-f]{7,40}$/.test(commit) ? [] : [`commit ${commit}`]),
    ...(loadAverage >= cores ? [`a load of ${loadAverage} on ${cores} cores`] : []),
  ])

const names = readdirSync(folder).filter((name) => name.endsWith('.json'))

test.each(names)('%s was measured at a commit, on a machine that was quiet', (name) => {
  expect(parts(read(name)).length).toBeGreaterThan(0)
  expect(doubts(name)).toEqual([])
})

const quiet = { commit: '0a1b2c3', loadAverage: 0.4, cores: 2 }

test.each([
  [quiet, []],
  [{ ...quiet, commit: '0a1b2c3-dirty' }, ['files differ from the commit 0a1b2c3']],
  [{ ...quiet, commit: 'unknown' }, ['the commit is unknown, for there is no git here']],
  [{ ...quiet, loadAverage: 2 }, ['the machine was busy: a load of 2.0 on 2 cores']],
])('of %o is doubted: %o', (measured, told) => {
  expect(doubtsAbout(measured)).toEqual(told)
})

test('a result in doubt is kept where git does not look, unless it was wanted elsewhere', () => {
  const before = names.map((name) => readFileSync(join(folder, name), 'utf8'))
  const elsewhere = mkdtempSync(join(tmpdir(), 'ddnet-result-'))
  const scratch = fileURLToPath(new URL('../.cache/benchmarks/a-test.json', import.meta.url))
  try {
    const said = vi.spyOn(console, 'log').mockImplementation(() => {})
    const busy = { ...quiet, loadAverage: 9, rows: [] }
    keepResult('a-test.json', busy, undefined)
    expect(JSON.parse(readFileSync(scratch, 'utf8'))).toEqual(busy)
    expect(said.mock.calls.join()).toContain('not kept as a result: the machine was busy: a load of 9.0 on 2 cores.')
    keepResult('a-test.json', busy, join(elsewhere, 'mine.json'))
    expect(JSON.parse(readFileSync(join(elsewhere, 'mine.json'), 'utf8'))).toEqual(busy)
    expect(readdirSync(folder).filter((name) => name.endsWith('.json'))).toEqual(names)
    expect(names.map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(before)
  } finally {
    rmSync(scratch, { force: true })
    rmSync(elsewhere, { recursive: true })
  }
})
