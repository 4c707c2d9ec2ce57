import { type MemoryStorage, memoryStorage, type Told } from '@ddnet/trainer'
import { beforeEach, expect, test } from 'vitest'
import { MetricsLog, type MetricsRecord } from './metrics-log.ts'

const record = (step: number): MetricsRecord => ({
  step,
  epoch: 1,
  learningRate: 0.004,
  seconds: step / 2,
  train: { loss: 2, accuracy: 0.25 },
  validation: { loss: 1.5, accuracy: 0.5, images: 1000 },
})

let storage: MemoryStorage
beforeEach(() => {
  storage = memoryStorage('a')
})
const options = { scoreNames: ['loss', 'accuracy'], validationImages: 1000, schedule: () => 0.004 }
const text = async (name = 'metrics.jsonl') => new TextDecoder().decode(await storage.readFile(name))
const write = (content: string) => storage.replaceFile('metrics.jsonl', new TextEncoder().encode(content))
const lines = async (name?: string) => (await text(name)).split('\n').slice(0, -1)

test('a record is a line of JSON and a row of the table', async () => {
  const log = await MetricsLog.open(storage, options)
  await log.append(record(50))
  expect(await lines()).toEqual([JSON.stringify(record(50))])
  expect(await lines('metrics.csv')).toEqual([
    'step,epoch,learningRate,seconds,trainLoss,trainAccuracy,validationLoss,validationAccuracy,validationImages',
    '50,1,0.004,25,2,0.25,1.5,0.5,1000',
  ])
})

/** Goes on after step 100, whose validation the checkpoint knows of; with what it says of the log, and what is then told. */
async function goOn(told?: Told) {
  const messages: string[] = []
  const onMismatch = (message: string) => void messages.push(message)
  const log = await MetricsLog.open(storage, options, { step: 100, isValidated: true, told, onMismatch })
  return { log, messages }
}

/** A log of three validations, and what a checkpoint says of the first two. */
async function three(): Promise<Told> {
  const log = await MetricsLog.open(storage, options)
  for (const step of [50, 100]) await log.append(record(step))
  const { told } = log
  await log.append(record(150))
  return told
}

test.each([true, false])(
  'going on drops what came after the checkpoint, and a line that was cut (known: %s)',
  async (known) => {
    const told = await three()
    await storage.append('metrics.jsonl', new TextEncoder().encode('{"step":200,"ep'))
    const { log, messages } = await goOn(known ? told : undefined)
    await log.append(record(150))
    const steps = (await lines()).map((line) => JSON.parse(line).step)
    expect(steps).toEqual([50, 100, 150])
    expect((await lines('metrics.csv')).map((line) => line.split(',')[0])).toEqual(['step', '50', '100', '150'])
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
  await write(damage(await text()))
  const { log, messages } = await goOn(told)
  expect(messages).toEqual([`a/metrics.jsonl is not what it was: ${problem} that the checkpoint knows of`])
  expect(log.records.map(({ step }) => step)).toEqual(kept)
})

test('a log that is there twice is once again', async () => {
  const told = await three()
  const once = await text()
  await write(once + once)
  const { log, messages } = await goOn(told)
  expect(log.records.map(({ step }) => step)).toEqual([50, 100])
  expect(messages).toEqual([])
})

test('the callback writes a record for each validation; of a run without any, for each epoch', async () => {
  const train = { loss: 2, accuracy: 0.25, perClass: [1, 2] }
  const monitored = { name: 'loss', value: 2, better: 'lower' as const }
  for (const [images, steps] of [
    [1000, [4]],
    [0, [5]],
  ] as const) {
    const log = await MetricsLog.open(storage, { ...options, validationImages: images, schedule: (step) => step / 100 })
    log.onStart()
    if (images > 0)
      await log.onValidation({ step: 4, epoch: 1, train, validation: train, monitored, seconds: 9, learningRate: 0.07 })
    await log.onEpoch({ step: 5, epoch: 1, train, seconds: 9 })
    expect(log.records.map(({ step }) => step)).toEqual(steps)
    expect(log.records[0]).toMatchObject({
      epoch: 1,
      learningRate: images > 0 ? 0.07 : 0.04,
      train: { loss: 2, accuracy: 0.25 },
    })
    expect(log.records[0]?.train).not.toHaveProperty('perClass')
    expect(log.records[0]?.seconds).toBeLessThan(9)
  }
})
