import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defined } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { root } from '../scripts/pnpm.mjs'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
/** What `pnpm report:gpu` wrote; other benchmarks have other commands. */
const reportsOn = (kind: string) =>
  readdirSync(join(root, 'benchmarks/results'))
    .filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.json'))
    .filter((name) => JSON.parse(read(`benchmarks/results/${name}`)).command === 'pnpm report:gpu')

/** The line of a table whose first cell holds this text. */
function row(path: string, start: string): string {
  const line = read(path)
    .split('\n')
    .find((each) => each.startsWith('|') && each.split('|')[1]?.includes(start))
  if (line === undefined) throw new Error(`${path} has no row of ${start}`)
  return line
}

// `pnpm report:gpu` writes a report on a GPU where everything passes. Until one is committed, nobody may be told more.
test.each([
  ['cuda', 'README.md', 'cuda:0'],
  ['cuda', 'docs/compatibility.md', 'CUDA'],
  ['webgpu', 'README.md', 'webgpu()'],
  ['webgpu', 'docs/compatibility.md', 'WebGPU on a GPU'],
])('as long as there is no report on %s, and no longer, %s says that it is unverified', (kind, path, start) => {
  expect(row(path, start).includes('unverified')).toBe(reportsOn(kind).length === 0)
})

test('what docs/compatibility.md refers to exists', () => {
  const links = [...read('docs/compatibility.md').matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) =>
    defined(path),
  )
  expect(links.length).toBeGreaterThan(0)
  for (const path of links) expect([path, existsSync(join(root, 'docs', path))]).toEqual([path, true])
})
