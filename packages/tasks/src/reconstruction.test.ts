import { type Dataset, type ImageField, loader } from '@ddnet/datasets'
import { init, Linear, Module } from '@ddnet/layers'
import { memory, random, reshape, type Tensor, tensor } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { describeBackends } from '@ddnet/testing'
import { evaluate, Trainer } from '@ddnet/trainer'
import { blank } from '@ddnet/visuals'
import { describe, expect, test } from 'vitest'
import { reconstruction } from './index.ts'

/** Pictures of 4 × 4 of which the left or the right half is bright. */
const halves: Dataset<{ image: ImageField }> = {
  length: 16,
  get: async (index) => ({
    image: {
      kind: 'image',
      data: Float32Array.from({ length: 16 }, (_, at) => (at % 4 < 2 === (index % 2 === 0) ? 1 : 0)),
      shape: [4, 4, 1],
    },
  }),
}
/** 16 → 2 → 16: enough for two kinds of pictures. */
class Bottleneck extends Module {
  readonly encode = new Linear(16, 2)
  readonly decode = new Linear(2, 16)
  override forward(image: Tensor): Tensor {
    return reshape(this.decode.forward(this.encode.forward(reshape(image, [-1, 16]))), [-1, 4, 4, 1])
  }
}
class Same extends Module {
  override forward(image: Tensor): Tensor {
    return image
  }
}

describeBackends('reconstruction', () => {
  const data = () => ({
    train: loader(halves, { batchSize: 8, shuffle: true, key: random.key(1) }),
    validation: loader(halves, { batchSize: 16 }),
  })

  test.each([0, 0.05])('spread into a trainer, with noise of %d, a model learns pictures', async (noise) => {
    const model = init(new Bottleneck(), random.key(2))
    const task = reconstruction({ channels: 1, noise })
    const trainer = new Trainer({ model, optimizer: adam({ learningRate: 0.03 }), data: data(), ...task })
    const before = memory().numTensors
    const first = await trainer.evaluate()
    await trainer.fit({ epochs: 60 })
    const last = await trainer.evaluate()
    expect(last.loss).toBeLessThan(first.loss / 20)
    expect(last.psnr).toBeGreaterThan(20)
    const scores = await evaluate({ model, data: data().validation, step: task.evaluate })
    expect(scores.psnr).toBe(last.psnr)
    expect(scores.meanAbsoluteError).toBeLessThan(0.1)
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  test('predicts pictures and their errors, and leaves the batch alone', async () => {
    const image = tensor([0, 0.5, 0.25, 1], [1, 2, 2, 1])
    const before = memory().numTensors
    const task = reconstruction({ channels: 1 })
    const [same] = await task.predict(new Same(), { image })
    expect(same).toEqual({ shape: [2, 2, 1], values: [0, 0.5, 0.25, 1], error: 0 })
    expect(memory().numTensors).toBe(before)
    image.dispose()
  })
})

describe('what reconstruction shows', () => {
  const { views } = reconstruction({ channels: 1, range: [-1, 1] })
  const prediction = { shape: [2, 2, 1], values: [-1, 1, 0, 1], error: 0.04 }

  test('a prediction in words, figures and as a picture beside its image', () => {
    // 10 log₁₀ (2² / 0.04) = 20
    expect(views.line(prediction)).toBe('error 0.0400, 20.00 dB')
    expect(views.json(prediction)).toEqual({ shape: [2, 2, 1], meanSquaredError: 0.04, psnr: expect.closeTo(20, 9) })
    const samples = [{ image: blank(2, 2, [0, 0, 0]), prediction }]
    const { pictures } = views.page(undefined, samples)
    expect(pictures?.[0]?.picture).toEqual(views.picture(samples))
    expect(views.page(undefined, [])).toEqual({})
  })

  test('an evaluation', () => {
    const { headline, json } = views.report({ loss: 0.01, psnr: 23.456, meanAbsoluteError: 0.05 })
    expect(headline).toBe('23.46 dB, mean squared error 0.01000, mean absolute error 0.05000')
    expect(json).toEqual({ loss: 0.01, psnr: 23.456, meanAbsoluteError: 0.05 })
  })

  test('which options cannot be', () => {
    expect(() => reconstruction({ channels: 1, range: [1, 1] })).toThrow('black below white, got [1, 1]')
    expect(() => reconstruction({ channels: 1, noise: -1 })).toThrow('noise of at least 0, got -1')
  })
})
