import { loader } from '@ddnet/datasets'
import { random } from '@ddnet/ops'
import { adamW, lookahead } from '@ddnet/optimizers'
import { useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { brightRows, classify, tinyNet } from '../test/tiny.ts'
import { type Callback, decodeCheckpoint, encodeCheckpoint, type Snapshot, Trainer } from './index.ts'

beforeAll(() => useBackend('cpu'))

const numbersOf = (tensors: Snapshot['model']) =>
  Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, [...data].map(Number)]))

/** Snapshots after some steps, and what the model has in the end. */
async function train(saveAt: readonly number[], { steps = 12, resume }: { steps?: number; resume?: Snapshot } = {}) {
  const model = tinyNet(resume === undefined ? 0 : 1)
  const snapshots = new Map<number, Snapshot>()
  const saving: Callback = {
    needsState: (step) => saveAt.includes(step),
    onStep: async ({ step }, control) => {
      if (!saveAt.includes(step)) return
      snapshots.set(step, await decodeCheckpoint(await encodeCheckpoint(await control.snapshot())))
    },
  }
  const optimizer = lookahead(adamW({ learningRate: 0.05 }), { every: 3, alpha: 0.5 })
  const data = {
    train: loader(brightRows(20), { batchSize: 4, shuffle: true, key: random.key(3) }),
    validation: loader(brightRows(20, 2), { batchSize: 4 }),
  }
  const trainer = new Trainer({ model, optimizer, data, step: classify, callbacks: [saving] })
  const { history } = await trainer.fit({ steps, validateEvery: 4, ...(resume && { resume }) })
  const weights = numbersOf(await model.stateDict())
  model.dispose()
  return { snapshots, weights, losses: history.validations.map(({ validation }) => validation.loss) }
}

test('the slow weights are those that are measured, saved and left, and both go on over a resume to the bit', async () => {
  const { snapshots, weights, losses } = await train([3, 4, 5, 6, 12])
  const at = (step: number) => snapshots.get(step) as Snapshot
  const [slow, same, moved] = [3, 5, 6].map((step) => numbersOf(at(step).model)['output.weight'])
  expect(same).toEqual(slow)
  expect(moved).not.toEqual(slow)
  const fast = (step: number) => numbersOf(at(step).optimizer.tensors)['trained.output.bias']
  expect(fast(3)).toEqual(numbersOf(at(3).model)['output.bias']) // where they begin again
  expect(fast(4)).not.toEqual(fast(3))
  for (const step of [3, 4, 5]) {
    const resumed = await train([12], { resume: at(step) })
    expect(resumed.weights).toEqual(weights)
    expect(resumed.losses).toEqual(losses.slice(step > 4 ? 1 : 0))
    const end = resumed.snapshots.get(12) as Snapshot
    expect(numbersOf(end.optimizer.tensors)).toEqual(numbersOf(at(12).optimizer.tensors))
  }
  // A run that ends between two steps of the slow weights leaves those.
  expect((await train([], { steps: 5 })).weights['output.weight']).toEqual(slow)
})
