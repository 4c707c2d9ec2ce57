import { type ArrayField, type Dataset, loader } from '@ddnet/datasets'
import { init, Linear } from '@ddnet/layers'
import { mse } from '@ddnet/losses'
import { memory, random } from '@ddnet/ops'
import { adam, chain, ema } from '@ddnet/optimizers'
import { defined, describeBackends, floats } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { type Callback, type Snapshot, Trainer } from './index.ts'

/** Eleven vectors; the targets are themselves. */
const vectors: Dataset<{ x: ArrayField<readonly [number]> }> = {
  length: 11,
  async get(index) {
    return { x: { data: random.uniformValues(random.key(index), 3), shape: [3] } }
  },
}
const loaderOf = (batchSize: number) => loader(vectors, { batchSize, shuffle: true, key: random.key(4) })

/** Trains a linear layer to be the identity, and gives its steps and its last snapshot. */
async function train(options: {
  batchSize: number
  accumulate: number
  steps?: number
  resume?: Snapshot
  stopAt?: number
}) {
  const model = init(new Linear(3, 3), random.key(1))
  let final: Snapshot | undefined
  const callback: Callback = {
    needsState: (step) => step === options.stopAt,
    onStep: ({ step }, control) => void (step === options.stopAt && control.stop()),
    onEnd: async (_, control) => {
      final = await control.snapshot()
    },
  }
  const trainer = new Trainer({
    model,
    optimizer: chain(adam({ learningRate: 0.01 }), ema(0.5)),
    data: { train: loaderOf(options.batchSize) },
    step: ({ x }, { model }) => ({ loss: mse(model.forward(x), x) }),
    accumulate: options.accumulate,
    callbacks: [callback],
  })
  const before = memory().numTensors
  const { history } = await trainer.fit({
    steps: options.steps ?? 6,
    ...(options.resume && { resume: options.resume }),
  })
  expect(memory().numTensors).toBe(before)
  model.dispose()
  return { final: defined(final), history }
}

describeBackends('accumulate', () => {
  test('a step of several batches is the step of one batch of all their samples, epochs that do not divide included', async () => {
    const whole = await train({ batchSize: 6, accumulate: 1 })
    const parts = await train({ batchSize: 2, accumulate: 3 })
    const told = ({ history }: typeof whole) =>
      history.steps.map(({ step, epoch, batchSize }) => [step, epoch, batchSize])
    expect(told(parts)).toEqual(told(whole))
    expect(told(parts)[1]).toEqual([2, 1, 5])
    for (const [at, { loss }] of whole.history.steps.entries()) {
      expect(parts.history.steps[at]?.loss).toBeCloseTo(loss, 6)
    }
    const weights = floats(defined(whole.final.model['weight']))
    for (const [at, weight] of weights.entries()) expect(parts.final.model['weight']?.data[at]).toBeCloseTo(weight, 5)
  })

  test.each([1, 2, 3])('a run stopped after step %i goes on bit for bit, its average too', async (stopAt) => {
    const whole = await train({ batchSize: 2, accumulate: 3 })
    const first = await train({ batchSize: 2, accumulate: 3, stopAt })
    expect(first.final.step).toBe(stopAt)
    const second = await train({ batchSize: 2, accumulate: 3, resume: first.final })
    expect(second.final).toEqual(whole.final)
  })
})
