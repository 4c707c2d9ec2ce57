import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mutatedConfig } from '../apps/cli/test/mutated-config.ts'
import { mutatedFiles } from '../packages/datasets/test/mutated-files.ts'
import { mutatedNpy } from '../packages/formats/test/mutated-npy.ts'
import { mutatedPyTorch } from '../packages/formats/test/mutated-pytorch.ts'
import { mutatedSafetensors } from '../packages/formats/test/mutated-safetensors.ts'
import { mutatedTensorBoard } from '../packages/formats/test/mutated-tensorboard.ts'
import { type ReliabilityResult, reliabilityPage } from '../scripts/reliability-page.mjs'

const inRepository = (path: string) => new URL(`../${path}`, import.meta.url)
const read = (path: string) => readFileSync(inRepository(path), 'utf8')
const formats = [
  ...[mutatedFiles, mutatedNpy, mutatedPyTorch, mutatedSafetensors, mutatedTensorBoard, mutatedConfig],
].flatMap(Object.keys)

const folders = ['packages', 'apps'].flatMap((above) =>
  readdirSync(inRepository(above)).map((name) => `${above}/${name}/test`),
)
const scripts = ['test', ...folders]
  .filter((folder) => existsSync(inRepository(folder)))
  .flatMap((folder) => readdirSync(inRepository(folder)).map((name) => `${folder}/${name}`))
  .filter((path) => path.endsWith('.reliability.ts'))
/** The rows that the reliability tests write, as their calls name them. */
const cases = scripts.flatMap((path) =>
  [...read(path).matchAll(/recordFigures\(\s*'cases',\s*'(.*?)',/g)].map(([, row]) => row),
)

const result: ReliabilityResult = JSON.parse(read('benchmarks/results/reliability.json'))

test('docs/reliability.md is what the committed figures say', () => {
  expect(read('docs/reliability.md')).toBe(reliabilityPage(result))
})

test('nothing is left out of them, and nothing went wrong', () => {
  const rows = (table: string) => result.rows.filter((each) => each.table === table)
  expect(result.rows.filter(({ commit }) => commit.includes('dirty'))).toEqual([])
  expect(rows('killed').map(({ figures }) => figures)).toEqual([
    expect.objectContaining({ kills: 200, exact: 200, maxStepsAgain: 1 }),
  ])
  expect(rows('mutated').map(({ row, figures }) => [row, figures['files']])).toEqual(
    rows('mutated').map(({ row }) => [row, 20_000]),
  )
  expect(
    rows('mutated')
      .map(({ row }) => row)
      .toSorted(),
  ).toEqual(formats.toSorted())
  expect(rows('memory').map(({ figures }) => figures['steps'])).toEqual([20_000])
  expect(
    rows('cases')
      .map(({ row }) => row)
      .toSorted(),
  ).toEqual(cases.toSorted())
  for (const { row, figures } of rows('cases')) expect(figures['well'], row).toBe(figures['tries'])
})
