import { appendFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Told } from '@ddnet/trainer/node'
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
let paths: { metrics: string; metricsTable: string; scoreNames: string[] }
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddnet-metrics-'))
  paths = {
    metrics: join(folder, 'metrics.jsonl'),
    metricsTable: join(folder, 'metrics.csv'),
    scoreNames: ['loss', 'accuracy'],
  }
})
afterEach(() => rm(folder, { recursive: true }))
const lines = async (path: string) => (await readFile(path, 'utf8')).split('\n').slice(0, -1)

test('a record is a line of JSON and a row of the table', async () => {
  const log = await MetricsLog.open(paths, 'a/metrics.jsonl')
  await log.append(record(50))
  expect(await lines(paths.metrics)).toEqual([JSON.stringify(record(50))])
  expect(await lines(paths.metricsTable)).toEqual([
    'step,epoch,learningRate,seconds,trainLoss,trainAccuracy,validationLoss,validationAccuracy,validationImages',
    '50,1,0.004,25,2,0.25,1.5,0.5,1000',
  ])
})

/** Goes on after step 100, whose validation the checkpoint knows of; with what it says of the log, and what is then told. */
async function goOn(told?: Told) {
  const messages: string[] = []
  const onMismatch = (message: string) => void messages.push(message)
  const log = await MetricsLog.open(paths, 'a/metrics.jsonl', { step: 100, isValidated: true, told, onMismatch })
  return { log, messages }
}

/** A log of three validations, and what a checkpoint says of the first two. */
async function three(): Promise<Told> {
  const log = await MetricsLog.open(paths, 'a/metrics.jsonl')
  for (const step of [50, 100]) await log.append(record(step))
  const { told } = log
  await log.append(record(150))
  return told
}

test.each([true, false])(
  'going on drops what came after the checkpoint, and a line that was cut (known: %s)',
  async (known) => {
    const told = await three()
    await appendFile(paths.metrics, '{"step":200,"ep')
    const { log, messages } = await goOn(known ? told : undefined)
    await log.append(record(150))
    const steps = (await lines(paths.metrics)).map((line) => JSON.parse(line).step)
    expect(steps).toEqual([50, 100, 150])
    expect((await lines(paths.metricsTable)).map((line) => line.split(',')[0])).toEqual(['step', '50', '100', '150'])
    expect(messages).toEqual([])
  },
)

test.each<[string, (text: string) => string, string, number[]]>([
  ['empty', () => '', 'it has 0 of the 2 entries', []],
  ['cut at a line', (text) => `${text.split('\n')[0]}\n`, 'it has 1 of the 2 entries', [50]],
  ['cut in a line', (text) => text.slice(0, text.indexOf('\n') + 20), 'it has 1 of the 2 entries', [50]],
  ['without its first line', (text) => text.slice(text.indexOf('\n') + 1), 'it has 1 of the 2 entries', [100]],
  ['zeros', (text) => '\0'.repeat(text.length), 'it has 0 of the 2 entries', []],
  ['a line that is damaged', (text) => text.replace('{', '['), 'it has 1 of the 2 entries', [100]],
  ['of another run', (text) => text.replace('"loss":2', '"loss":3'), 'its first 2 entries are not those', [50, 100]],
])('a log that is %s is told', async (_, damage, problem, kept) => {
  const told = await three()
  await writeFile(paths.metrics, damage(await readFile(paths.metrics, 'utf8')))
  const { log, messages } = await goOn(told)
  expect(messages).toEqual([`a/metrics.jsonl is not what it was: ${problem} that the checkpoint knows of`])
  expect(log.records.map(({ step }) => step)).toEqual(kept)
})

test('a log that is there twice is once again', async () => {
  const told = await three()
  const text = await readFile(paths.metrics, 'utf8')
  await writeFile(paths.metrics, text + text)
  const { log, messages } = await goOn(told)
  expect(log.records.map(({ step }) => step)).toEqual([50, 100])
  expect(messages).toEqual([])
})

test('nothing is written through a link', async () => {
  const outside = join(folder, 'outside')
  for (const name of ['metrics.jsonl', 'metrics.csv', '.unfinished-metrics.jsonl', 'metrics.jsonl.new']) {
    await writeFile(outside, 'mine')
    await symlink(outside, join(folder, name))
    const log = await MetricsLog.open(paths, 'a/metrics.jsonl')
    await log.append(record(50))
    expect(await readFile(outside, 'utf8')).toBe('mine')
    for (const each of [paths.metrics, paths.metricsTable, join(folder, name)]) await rm(each, { force: true })
  }
})
