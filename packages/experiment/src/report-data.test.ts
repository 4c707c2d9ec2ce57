import { init } from '@ddnet/layers'
import { DDNet } from '@ddnet/models'
import { random } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { htmlReport } from '@ddnet/visuals'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtIn } from './built-in/registry.ts'
import { createTask } from './parts.ts'
import { curvesOf, type MeasuredStep, reportData } from './report-data.ts'
import { resolveConfig } from './settings/resolve.ts'
import { settingCatalog } from './settings/setting-catalog.ts'

const record = (step: number, loss = 2): MeasuredStep => ({
  step,
  learningRate: 0.004,
  seconds: step,
  train: { loss, accuracy: 0.25 },
  validation: { loss: 1.5, accuracy: 0.5, images: 1000 },
})

let model: DDNet
beforeAll(async () => {
  await useBackend('cpu')
  model = init(new DDNet({ channels: [4] }), random.key(0))
})
afterAll(() => model.dispose())

const facts = { image: { height: 32, width: 32, channels: 3 }, classNames: ['cat', 'dog'] }
const { config } = resolveConfig([], 'ddnet', settingCatalog(builtIn))
const task = createTask(config, facts)

const reportOf = (records: MeasuredStep[]) =>
  htmlReport(reportData({ title: 'a', config, model, task, facts, step: 5, records }))

test('a run without any validation has a summary alone', () => {
  const report = reportOf([])
  expect(report.match(/<h2>/g)).toHaveLength(1)
  expect(report).toContain('<dt>trained</dt><dd>5 steps</dd>')
  expect(report).not.toContain('<dt>validation accuracy')
})

test('a run that was not measured on all test images has what its last validation said', () => {
  expect(reportOf([record(5), record(65)])).toContain('<dt>validation accuracy</dt><dd>50.0% of 1,000 images</dd>')
  expect(reportOf([record(65)])).toContain('<dt>trained</dt><dd>5 steps in 1:05</dd>')
})

test('curves have a point for each validation, and a gap where a loss was not finite', () => {
  const [loss, accuracy, rate] = curvesOf([record(1), record(2, Number.NaN)], task.scores)
  expect(loss?.curves.map(({ name, points }) => [name, points])).toEqual([
    [
      'train',
      [
        [1, 2],
        [2, Number.NaN],
      ],
    ],
    [
      'validation',
      [
        [1, 1.5],
        [2, 1.5],
      ],
    ],
  ])
  expect(accuracy?.percent).toBe(true)
  expect(rate?.curves[0]?.points).toEqual([
    [1, 0.004],
    [2, 0.004],
  ])
  expect(reportOf([record(1), record(2, Number.NaN)])).not.toContain('NaN')
})
