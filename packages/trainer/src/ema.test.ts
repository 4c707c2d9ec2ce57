import { loader } from '@ddnet/datasets'
import { chain, ema, sgd } from '@ddnet/optimizers'
import { defined, floats, itemAt, lastItem, useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { brightRows, classify, type TinyNet, tinyNet } from '../test/tiny.ts'
import { type Callback, type Snapshot, Trainer } from './index.ts'

beforeAll(() => useBackend('cpu'))

const rows = () => loader(brightRows(20), { batchSize: 4 })
const weightsOf = async (model: TinyNet) => Array.from(floats(defined((await model.stateDict())['output.weight'])))

/** Four steps: the weights after each, what the validation and the last snapshot saw, and what the model has in the end. */
async function train() {
  const model = tinyNet()
  const after: number[][] = []
  let snapshot: Snapshot | undefined
  const callback: Callback = {
    needsState: () => true,
    onStep: async () => void after.push(await weightsOf(model)),
    onEnd: async (_, control) => {
      snapshot = await control.snapshot()
    },
  }
  const optimizer = chain(sgd({ learningRate: 0.5 }), ema(0.75))
  const data = { train: rows(), validation: rows() }
  const trainer = new Trainer({ model, optimizer, data, step: classify, callbacks: [callback] })
  const { history } = await trainer.fit({ steps: 4 })
  return {
    model,
    trainer,
    after,
    snapshot: defined(snapshot),
    validated: history.validations[0]?.validation,
  }
}

test('validation, checkpoints and the trained model have the average of the weights after every step', async () => {
  const { model, trainer, after, snapshot, validated } = await train()
  const average = after.reduce((mean, weights) => mean.map((each, at) => 0.75 * each + 0.25 * itemAt(weights, at)))
  const saved = floats(defined(snapshot.model['output.weight']))
  for (const [at, expected] of average.entries()) expect(saved[at]).toBeCloseTo(expected, 6)
  expect(await weightsOf(model)).toEqual([...saved])
  expect(await trainer.evaluate(rows())).toEqual(validated)
  model.dispose()
})

test('the weights that training goes on with are saved beside the average', async () => {
  const { model, after, snapshot } = await train()
  const trained = floats(defined(snapshot.optimizer.tensors['trained.hidden.bias']))
  expect(trained).toHaveLength(8)
  expect(Object.keys(snapshot.optimizer.tensors).filter((name) => name.startsWith('average.'))).toEqual([])
  // The output layer is stored in our layout here, and in PyTorch's in `after`: the same numbers.
  const output = Array.from(floats(defined(snapshot.optimizer.tensors['trained.output.weight']))).toSorted()
  expect(output).toEqual(lastItem(after).toSorted())
  model.dispose()
})

test('a run without averages does not go on as one with them, nor the other way round', async () => {
  const { model, snapshot } = await train()
  const data = { train: rows() }
  const plain = new Trainer({ model, optimizer: sgd(), data, step: classify })
  await expect(plain.fit({ steps: 6, resume: snapshot })).rejects.toThrow('unexpected trained.hidden.weight')
  const without = { ...snapshot, optimizer: { step: 4, tensors: {} } }
  const averaging = new Trainer({ model, optimizer: chain(sgd(), ema()), data, step: classify })
  await expect(averaging.fit({ steps: 6, resume: without })).rejects.toThrow('missing trained.hidden.weight')
  model.dispose()
})
