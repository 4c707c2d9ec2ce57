import { loader } from '@ddnet/datasets'
import { random } from '@ddnet/ops'
import { adamW, chain, lookahead, type Optimizer, partition, reduceOnPlateau, scaled, warmUp } from '@ddnet/optimizers'
import { useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { brightRows, classify, tinyNet } from '../test/tiny.ts'
import { type Callback, decodeCheckpoint, encodeCheckpoint, type Snapshot, Trainer } from './index.ts'

beforeAll(() => useBackend('cpu'))

const data = () => ({
  train: loader(brightRows(20), { batchSize: 4, shuffle: true, key: random.key(3) }),
  validation: loader(brightRows(12, 2), { batchSize: 4 }),
})
/** Every validation but one that is half as good again lowers the rate. */
const plateau = () => reduceOnPlateau({ learningRate: 0.1, factor: 0.5, patience: 0, threshold: 0.5 })

/** Trains to step 15, each epoch having 5; `at` is the step of the snapshot, taken as a checkpoint is. */
async function train(optimizer: Optimizer, { at, resume }: { at?: number; resume?: Snapshot } = {}) {
  const model = tinyNet()
  let snapshot: Snapshot | undefined
  const saving: Callback = {
    needsState: (step) => step === at,
    onStep: async ({ step }, control) => {
      if (step === at) snapshot = await decodeCheckpoint(await encodeCheckpoint(await control.snapshot()))
    },
  }
  const trainer = new Trainer({ model, optimizer, data: data(), step: classify, callbacks: [saving] })
  const { history } = await trainer.fit({ steps: 15, validateEvery: 3, ...(resume && { resume }) })
  const weights = Object.values(await model.stateDict()).map(({ data }) => [...data])
  model.dispose()
  return { rates: history.steps.map(({ learningRate }) => learningRate), weights, snapshot }
}

test('a rate that is reduced on a plateau goes on over a resume as without one, to the bit', async () => {
  const whole = await train(adamW({ learningRate: plateau() }))
  expect(new Set(whole.rates).size).toBeGreaterThan(2)
  expect(whole.rates[0]).toBe(0.1)
  // 6 is a step with a validation, which the resumed run does itself; 7 is one without.
  for (const at of [6, 7]) {
    const { snapshot } = await train(adamW({ learningRate: plateau() }), { at })
    expect(snapshot?.callbacks?.['reduceOnPlateau']).toMatchObject({ of: 'loss' })
    const resumed = await train(adamW({ learningRate: plateau() }), { resume: snapshot as Snapshot })
    expect(resumed.rates).toEqual(whole.rates.slice(at))
    expect(resumed.weights).toEqual(whole.weights)
  }
})

test('one optimizer for two runs begins each with the first rate', async () => {
  const optimizer = adamW({ learningRate: plateau() })
  const first = await train(optimizer)
  expect(await train(optimizer)).toEqual(first)
})

test('groups, warm-up and lookahead follow the scores, too', async () => {
  const rate = plateau()
  const optimizer = lookahead(
    chain(
      partition((path) => (path.startsWith('output.') ? 'head' : 'body'), {
        head: adamW({ learningRate: 0.01 }),
        body: adamW({ learningRate: warmUp({ steps: 2, schedule: scaled(rate, 0.1) }) }),
      }),
    ),
  )
  await train(optimizer)
  expect(rate(0)).toBeLessThan(0.1)
})

test('without validation data there is nothing to follow', async () => {
  const model = tinyNet()
  const { train } = data()
  const trainer = new Trainer({
    model,
    optimizer: adamW({ learningRate: plateau() }),
    data: { train },
    step: classify,
  })
  await expect(trainer.fit({ steps: 5 })).rejects.toThrow(
    'fit: the learning rate follows the scores of validations (reduceOnPlateau), and there are none. Give validation data',
  )
  model.dispose()
})
