import { loader } from '@ddnet/datasets'
import { BatchNorm, Conv2d, init, Linear, Module, pipe } from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { mean, random, relu, type Tensor } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { type Callback, decodeCheckpoint, encodeCheckpoint, type Snapshot, Trainer } from '@ddnet/trainer'
import { beforeAll, expect, test } from 'vitest'
import { createOptimizer } from '../parts.ts'
import { entriesOf } from '../settings/entries.ts'
import { resolveConfig } from '../settings/resolve.ts'
import { settingCatalog } from '../settings/setting-catalog.ts'
import { builtIn } from './registry.ts'

beforeAll(() => useBackend('cpu'))

const catalog = settingCatalog(builtIn)
const namesOf = (kind: string) => builtIn.filter((each) => each.kind === kind).map(({ name }) => name)

/** A filter, a norm, a matrix and a bias: all kinds of parameters. */
class SmallNet extends Module {
  readonly conv = new Conv2d(1, 4, { kernelSize: 3, padding: 1 })
  readonly norm = new BatchNorm(4)
  readonly head = new Linear(4, 3)

  override forward(image: Tensor): Tensor {
    return this.head.forward(mean(pipe(image, this.conv, this.norm, relu), [1, 2]))
  }
}

const samples = (length: number, seed: number) => ({
  length,
  get: async (index: number) => ({
    image: {
      kind: 'image' as const,
      data: random.normalValues(random.key(seed).fold(index), 16),
      shape: [4, 4, 1] as [number, number, number],
    },
    label: index % 3,
  }),
})

/** Twelve steps with a validation after every second one. */
async function train(
  settings: Record<string, unknown>,
  { saveAt, resume }: { saveAt?: number; resume?: Snapshot | undefined } = {},
) {
  const { config } = resolveConfig(
    [entriesOf({ ...settings, steps: 12, 'ema.decay': 0.9, clipNorm: 1 }, 'the test', catalog)],
    'quick',
    catalog,
  )
  const model = init(new SmallNet(), random.key(resume === undefined ? 1 : 2))
  let saved: Snapshot | undefined
  const saving: Callback = {
    needsState: (step) => step === saveAt,
    onStep: async ({ step }, control) => {
      if (step === saveAt) saved = await decodeCheckpoint(await encodeCheckpoint(await control.snapshot()))
    },
  }
  const trainer = new Trainer({
    model,
    optimizer: createOptimizer(config, 12),
    data: {
      train: loader(samples(12, 1), { batchSize: 4, shuffle: true, key: random.key(3) }),
      validation: loader(samples(6, 2), { batchSize: 6 }),
    },
    step: ({ image, label }, { model }) => ({ loss: crossEntropy(model.forward(image), label) }),
    callbacks: [saving],
  })
  const { history } = await trainer.fit({ steps: 12, validateEvery: 2, ...(resume && { resume }) })
  const weights = Object.fromEntries(
    Object.entries(await model.stateDict()).map(([name, { data }]) => [name, [...data].map(Number)]),
  )
  model.dispose()
  return { rates: history.steps.map(({ learningRate }) => learningRate), weights, saved }
}

const runs: readonly Record<string, unknown>[] = [
  ...namesOf('optimizer').map((optimizer) => ({ optimizer, schedule: 'constant' })),
  ...namesOf('schedule').map((schedule) => ({ optimizer: 'adam', schedule })),
  { optimizer: 'sgd', 'optimizer.momentum': 0.9, 'optimizer.nesterov': true, schedule: 'cosine' },
  { optimizer: 'rmsProp', 'optimizer.centered': true, 'optimizer.momentum': 0.9, schedule: 'linear' },
  { optimizer: 'muon', 'optimizer.scale': 'matchRmsAdamW', 'optimizer.othersShare': 1, schedule: 'oneCycle' },
  { schedule: 'reduceOnPlateau', 'schedule.patience': 0, 'schedule.factor': 0.5, 'schedule.threshold': 0.5 },
  { schedule: 'cosineWarmRestarts', 'schedule.firstCycle': 3 },
  { schedule: 'reduceOnPlateau', 'schedule.warmUp': 6, 'schedule.patience': 0, 'schedule.threshold': 0.5 },
]

test.each(runs)('a run of %o goes on from a checkpoint as one without a break, to the bit', async (settings) => {
  const whole = await train(settings)
  for (const saveAt of [4, 7]) {
    const { saved } = await train(settings, { saveAt })
    const resumed = await train(settings, { resume: saved })
    expect(resumed.rates).toEqual(whole.rates.slice(saveAt))
    expect(resumed.weights).toEqual(whole.weights)
  }
})

test('schedules go by their settings', async () => {
  const ratesOf = async (schedule: Record<string, unknown>) =>
    (await train({ ...schedule, optimizer: 'sgd', 'optimizer.learningRate': 1 })).rates.map((rate) =>
      Number(rate.toFixed(4)),
    )
  expect(await ratesOf({ schedule: 'linear', 'schedule.minimum': 0.4 })).toEqual([
    1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45,
  ])
  expect(await ratesOf({ schedule: 'exponential', 'schedule.gamma': 0.5 })).toEqual([
    1, 0.5, 0.25, 0.125, 0.0625, 0.0313, 0.0156, 0.0078, 0.0039, 0.002, 0.001, 0.0005,
  ])
  expect(await ratesOf({ schedule: 'multiStep', 'schedule.milestones': [0.25, 0.5], 'schedule.factor': 0.5 })).toEqual([
    1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25,
  ])
  expect(await ratesOf({ schedule: 'cosineWarmRestarts', 'schedule.firstCycle': 2 })).toEqual([
    1, 0.5, 1, 0.8536, 0.5, 0.1464, 1, 0.9619, 0.8536, 0.6913, 0.5, 0.3087,
  ])
  expect(await ratesOf({ schedule: 'cosineWarmRestarts', 'schedule.firstCycle': 8, 'schedule.warmUp': 4 })).toEqual([
    0.01, 0.2575, 0.505, 0.7525, 1, 0.9619, 0.8536, 0.6913, 0.5, 0.3087, 0.1464, 0.0381,
  ])
  const warmUp = { 'schedule.warmUp': 4 }
  expect(await ratesOf({ schedule: 'constant', ...warmUp })).toEqual([
    0.01, 0.2575, 0.505, 0.7525, 1, 1, 1, 1, 1, 1, 1, 1,
  ])
  expect(await ratesOf({ schedule: 'cosine', ...warmUp })).toEqual([
    0.01, 0.2575, 0.505, 0.7525, 1, 0.9619, 0.8536, 0.6913, 0.5, 0.3087, 0.1464, 0.0381,
  ])
  expect(await ratesOf({ schedule: 'stepDecay', 'schedule.every': 2, 'schedule.factor': 0.5, ...warmUp })).toEqual([
    0.01, 0.2575, 0.505, 0.7525, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125,
  ])
  // All of the run is warm-up.
  expect((await ratesOf({ schedule: 'linear', 'schedule.warmUp': 100 })).at(-1)).toBeCloseTo(0.01 + 0.99 * 0.11, 3)
  const plateau = { 'schedule.patience': 0, 'schedule.factor': 0.5, 'schedule.threshold': 1, 'schedule.minimum': 0.2 }
  // No loss is better by all of itself: each validation but the first lowers the rate.
  expect(await ratesOf({ schedule: 'reduceOnPlateau', ...plateau })).toEqual([
    1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2,
  ])
})
