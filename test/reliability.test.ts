import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type ReliabilityResult, reliabilityPage } from '../scripts/reliability-page.mjs'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const result: ReliabilityResult = JSON.parse(read('benchmarks/results/reliability.json'))

test('docs/reliability.md is what the committed figures say', () => {
  expect(read('docs/reliability.md')).toBe(reliabilityPage(result))
})

test('nothing was left out of them, and nothing went wrong', () => {
  const rows = (table: string) => result.rows.filter((each) => each.table === table)
  expect(result.rows.filter(({ commit }) => commit.includes('dirty'))).toEqual([])
  expect(rows('killed').map(({ figures }) => figures)).toEqual([
    expect.objectContaining({ kills: 200, exact: 200, mostStepsAgain: 1 }),
  ])
  expect(rows('mutated').map(({ row, figures }) => [row, figures['files']])).toEqual(
    ['CIFAR binary', 'COCO JSON', 'IDX', 'JPEG image', 'PNG image', 'PNG mask', 'PNG mask with right checksums']
      .concat('YAML config', 'npy', 'npz', 'safetensors, by ranges', 'safetensors, whole')
      .map((row) => [row, 20_000]),
  )
  expect(rows('memory').map(({ figures }) => figures['steps'])).toEqual([20_000])
  expect(rows('cases').length).toBeGreaterThan(5)
  for (const { row, figures } of rows('cases')) expect(figures['well'], row).toBe(figures['tries'])
})
