import type { Loader } from '@ddnet/datasets'
import { memory, mul, ones, tidy } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { create, recorder, trainLoader, trainOnly } from '../test/small-runs.ts'
import { classify, type LabelledImages, tinyNet } from '../test/tiny.ts'
import { DivergedError, Trainer } from './index.ts'

beforeAll(() => useBackend('cpu'))

describe('a run that diverges', () => {
  test('names the step and the learning rate, and calls onEnd first', async () => {
    const { events, callback } = recorder()
    const { model, trainer } = create([callback], (step) => (step < 3 ? 0.01 : 1e30))
    const before = memory().numTensors
    const error = await trainer.fit({ data: trainOnly(), epochs: 9 }).catch((error) => error)
    expect(error).toBeInstanceOf(DivergedError)
    expect(error).toMatchObject({ step: 5, learningRate: 1e30, layer: 'output' })
    expect(error.message).toBe(
      "Training diverged at step 5: the loss is NaN, and before it the output of layer 'output' (learning rate 1e+30). Lower the learning rate or clip the gradients.",
    )
    expect(events).toEqual(['start 0/45', 'step 1', 'step 2', 'step 3', 'step 4', 'end diverged 5'])
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  /** Trains on a loader whose third batch, or the weights before it, are changed. */
  async function spoil(options: { pixel?: number; weight?: number; lag?: number; accumulate?: number }) {
    const model = tinyNet()
    const source = trainLoader()
    async function* batches() {
      let count = 0
      for await (const batch of source) {
        const { weight } = options
        if (++count === 3 && weight !== undefined) {
          model.hidden.weight.assign(tidy(() => mul(ones(model.hidden.weight.shape), weight)))
        }
        if (count !== 3 || options.pixel === undefined) yield batch
        else {
          const image = tidy(() => mul(batch.image, options.pixel as number))
          batch.image.dispose()
          yield { ...batch, image }
        }
      }
    }
    const spoiled: Loader<LabelledImages> = { ...source, [Symbol.asyncIterator]: batches }
    const { lag = 2, accumulate = 1 } = options
    const trainer = new Trainer({ model, optimizer: adam(), data: { train: spoiled }, step: classify, accumulate })
    const before = memory().numTensors
    const error: DivergedError = await trainer.fit({ epochs: 2, lag }).then(
      () => expect.fail('it did not diverge'),
      (error) => error,
    )
    expect(memory().numTensors).toBe(before)
    model.dispose()
    return error
  }

  test.each([0, 2])('names what was not finite first, with a lag of %i', async (lag) => {
    const nan = await spoil({ pixel: Number.NaN, lag })
    expect(nan.message).toContain("step 3: the loss is NaN, and before it the batch's 'image', as the loader gave it")
    const large = await spoil({ weight: 3e38, lag })
    expect(large).toMatchObject({ step: 3, layer: 'hidden' })
    const weights = await spoil({ weight: Number.POSITIVE_INFINITY, lag })
    expect(weights).toMatchObject({ step: 3, layer: 'hidden' })
    expect(weights.message).toContain("the weights 'hidden.weight', since the update before")
  })

  test('finds it in the batch of an accumulated step', async () => {
    expect(await spoil({ weight: 3e38, accumulate: 2 })).toMatchObject({ step: 2, layer: 'hidden' })
  })
})
