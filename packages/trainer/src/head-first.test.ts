import { loader } from '@ddnet/datasets'
import { random } from '@ddnet/ops'
import { adamW, chain, scaleRates, weightsOnly } from '@ddnet/optimizers'
import { defined, itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { brightRows, classify, type TinyNet, tinyNet } from '../test/tiny.ts'
import { type Callback, headFirst, type Snapshot, Trainer } from './index.ts'

beforeAll(() => useBackend('cpu'))

const train = () => loader(brightRows(20), { batchSize: 4, shuffle: true, key: random.key(3) }) // 5 steps an epoch
const weightsOf = async (model: TinyNet) =>
  Object.fromEntries(Object.entries(await model.stateDict()).map(([name, { data }]) => [name, [...data].map(Number)]))
const isFrozen = (model: TinyNet) => [...model.parameters()].flatMap(([name, { frozen }]) => (frozen ? [name] : []))
/** The head at the whole rate, all else at a tenth; norms and biases do not decay. */
const optimizer = () =>
  chain(
    adamW({ learningRate: 0.05, mask: weightsOnly }),
    scaleRates((path) => (path.startsWith('output.') ? 1 : 0.1)),
  )

interface FineTuning {
  readonly at?: number
  readonly resume?: Snapshot
  readonly steps?: number
  readonly statistics?: 'update' | 'keep'
}

/** The weights after each step, and a snapshot at one of them. */
async function fineTune(model: TinyNet, { at, resume, steps = 15, statistics = 'update' }: FineTuning = {}) {
  const weights: Record<string, number[]>[] = []
  let snapshot: Snapshot | undefined
  const watching: Callback = {
    needsState: () => true,
    onStep: async ({ step }, control) => {
      weights.push(await weightsOf(model))
      if (step === at) snapshot = await control.snapshot()
    },
  }
  const callbacks = [headFirst({ model, head: 'output', epochs: 2, statistics }), watching]
  const trainer = new Trainer({ model, optimizer: optimizer(), data: { train: train() }, step: classify, callbacks })
  await trainer.fit({ steps, ...(resume && { resume }) })
  return { weights, snapshot }
}

test('the head is trained first, then all, and norms count batches meanwhile', async () => {
  const model = tinyNet()
  const start = await weightsOf(model)
  const { weights } = await fineTune(model)
  const changed = (step: number, before = start) =>
    Object.entries(itemAt(weights, step - 1)).flatMap(([name, values]) =>
      values.some((value, index) => value !== before[name]?.[index]) ? [name] : [],
    )
  const head = ['output.weight', 'output.bias']
  const statistics = ['norm.running_mean', 'norm.running_var', 'norm.num_batches_tracked']
  expect(changed(10).toSorted()).toEqual([...head, ...statistics].toSorted())
  expect(changed(11, weights[9]).toSorted()).toEqual(
    [...head, ...statistics, 'hidden.weight', 'hidden.bias', 'norm.weight', 'norm.bias'].toSorted(),
  )
  // Adam's first step of a number is the rate, here a tenth of 0.05, whatever its gradient.
  const moved = (weights[10]?.['norm.bias'] ?? []).map((value, index) =>
    Math.abs(value - (start['norm.bias']?.[index] ?? 0)),
  )
  for (const distance of moved.filter((each) => each > 0)) expect(distance).toBeCloseTo(0.005, 5)
  expect(moved.some((each) => each > 0)).toBe(true)
  expect(isFrozen(model)).toEqual([])
  model.dispose()
})

test('norms keep their statistics meanwhile, where they are told to', async () => {
  const model = tinyNet()
  const statisticsOf = ({ 'norm.running_mean': mean, 'norm.num_batches_tracked': count }: Record<string, number[]>) => [
    mean,
    count,
  ]
  const start = statisticsOf(await weightsOf(model))
  const { weights } = await fineTune(model, { statistics: 'keep' })
  const at = (step: number) => statisticsOf(weights[step - 1] as Record<string, number[]>)
  expect(at(10)).toEqual(start)
  expect(at(15)[0]).not.toEqual(start[0])
  expect(at(15)[1]).toEqual([5])
  const { snapshot } = await fineTune(tinyNet(), { at: 7, statistics: 'keep' })
  const resumed = await fineTune(tinyNet(1), { resume: snapshot as Snapshot, statistics: 'keep' })
  expect(resumed.weights).toEqual(weights.slice(7))
  expect([...model.buffers().values()].some(({ frozen }) => frozen)).toBe(false)
})

test('a resume goes on exactly, before, at and after the step from which all are trained', async () => {
  const model = tinyNet()
  const whole = (await fineTune(model)).weights
  for (const at of [7, 10, 12]) {
    const { snapshot } = await fineTune(tinyNet(), { at })
    const { weights } = await fineTune(tinyNet(1), { resume: defined(snapshot) })
    expect(weights).toEqual(whole.slice(at))
  }
  // A run that ends while the rest waits leaves nothing frozen.
  const early = tinyNet()
  await fineTune(early, { steps: 3 })
  expect(isFrozen(early)).toEqual([])
})

test('what was frozen before stays so', async () => {
  const model = tinyNet()
  model.freeze('hidden')
  const start = await weightsOf(model)
  const { weights } = await fineTune(model)
  expect(weights.at(-1)?.['hidden.weight']).toEqual(start['hidden.weight'])
  expect(weights.at(-1)?.['norm.weight']).not.toEqual(start['norm.weight'])
  expect(isFrozen(model)).toEqual(['hidden.weight', 'hidden.bias'])
  model.dispose()
})

test('refuses what leaves nothing to wait, or to begin with', () => {
  const model = tinyNet()
  expect(() => headFirst({ model, head: 'top', epochs: 1 })).toThrow("'top' names no parameter of this TinyNet")
  expect(isFrozen(model)).toEqual([])
  expect(() => headFirst({ model, head: ['hidden', 'norm', 'output'], epochs: 1 })).toThrow(
    'headFirst: hidden, norm, output is all that is trained, and nothing is left to wait. Name a part of it.',
  )
  model.freeze('output')
  expect(() => headFirst({ model, head: 'output', epochs: 1 })).toThrow(
    "headFirst: all parameters of output are frozen. Take some of them out: model.unfreeze('output').",
  )
  expect(() => headFirst({ model, head: 'output', epochs: 0 })).toThrow('expected epochs to be a whole number')
  model.dispose()
})
