import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MetricsLog, type MetricsRecord } from './metrics-log.ts'

const record = (step: number): MetricsRecord => ({
  step,
  epoch: 1,
  learningRate: 0.004,
  seconds: step / 2,
  train: { loss: 2, accuracy: 0.25 },
  validation: { loss: 1.5, accuracy: 0.5, images: 1000 },
})

let folder: string
let paths: { metrics: string; metricsTable: string }
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddnet-metrics-'))
  paths = { metrics: join(folder, 'metrics.jsonl'), metricsTable: join(folder, 'metrics.csv') }
})
afterEach(() => rm(folder, { recursive: true }))
const lines = async (path: string) => (await readFile(path, 'utf8')).split('\n').slice(0, -1)

test('a record is a line of JSON and a row of the table', async () => {
  const log = await MetricsLog.open(paths)
  await log.append(record(50))
  expect(await lines(paths.metrics)).toEqual([JSON.stringify(record(50))])
  expect(await lines(paths.metricsTable)).toEqual([
    'step,epoch,learningRate,seconds,trainLoss,trainAccuracy,validationLoss,validationAccuracy,validationImages',
    '50,1,0.004,25,2,0.25,1.5,0.5,1000',
  ])
})

test('going on drops what came after the checkpoint, and a line that was cut', async () => {
  const log = await MetricsLog.open(paths)
  for (const step of [50, 100, 150]) await log.append(record(step))
  await appendFile(paths.metrics, '{"step":200,"ep')
  const resumed = await MetricsLog.open(paths, ({ step }) => step <= 100)
  await resumed.append(record(150))
  const steps = (await lines(paths.metrics)).map((line) => JSON.parse(line).step)
  expect(steps).toEqual([50, 100, 150])
  expect((await lines(paths.metricsTable)).map((line) => line.split(',')[0])).toEqual(['step', '50', '100', '150'])
})
