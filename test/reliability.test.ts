import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mutatedConfig } from '../apps/cli/test/mutated-config.ts'
import { mutatedFiles } from '../packages/datasets/test/mutated-files.ts'
import { mutatedNpy } from '../packages/formats/test/mutated-npy.ts'
import { mutatedSafetensors } from '../packages/formats/test/mutated-safetensors.ts'
import { mutatedTensorBoard } from '../packages/formats/test/mutated-tensorboard.ts'
import { type ReliabilityResult, reliabilityPage } from '../scripts/reliability-page.mjs'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const formats = [mutatedFiles, mutatedNpy, mutatedSafetensors, mutatedTensorBoard, mutatedConfig].flatMap(Object.keys)
const result: ReliabilityResult = JSON.parse(read('benchmarks/results/reliability.json'))

test('docs/reliability.md is what the committed figures say', () => {
  expect(read('docs/reliability.md')).toBe(reliabilityPage(result))
})

test('nothing was left out of them, and nothing went wrong', () => {
  const rows = (table: string) => result.rows.filter((each) => each.table === table)
  expect(result.rows.filter(({ commit }) => commit.includes('dirty'))).toEqual([])
  expect(rows('killed').map(({ figures }) => figures)).toEqual([
    expect.objectContaining({ kills: 200, exact: 200, maxStepsAgain: 1 }),
  ])
  expect(rows('mutated').map(({ row, figures }) => [row, figures['files']])).toEqual(
    rows('mutated').map(({ row }) => [row, 20_000]),
  )
  const measured = rows('mutated').map(({ row }) => row)
  expect(measured.filter((row) => !formats.includes(row))).toEqual([])
  // A run of a part writes its rows alone; one of all has every format.
  if (result.minutes !== undefined) expect(measured.toSorted()).toEqual(formats.toSorted())
  expect(measured.length).toBeGreaterThan(10)
  expect(rows('memory').map(({ figures }) => figures['steps'])).toEqual([20_000])
  expect(rows('cases').length).toBeGreaterThan(5)
  for (const { row, figures } of rows('cases')) expect(figures['well'], row).toBe(figures['tries'])
})
