import { type Dataset, loader, type SegmentationSample } from '@ddnet/datasets'
import { Conv2d, init, Module } from '@ddnet/layers'
import { memory, random, relu, type Tensor, tensor } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { describeBackends } from '@ddnet/testing'
import { evaluate, Trainer } from '@ddnet/trainer'
import { blank, classColor } from '@ddnet/visuals'
import { describe, expect, test } from 'vitest'
import { segmentation } from './index.ts'

/** Pictures of 4 × 4 with a bright column, whose pixels are class 1; the first row of each mask is ignored. */
const columns: Dataset<SegmentationSample> = {
  length: 12,
  get: async (index) => {
    const isBright = (at: number) => at % 4 === index % 4
    const pixels = Array.from({ length: 16 }, (_, at) => at)
    return {
      image: { kind: 'image', data: Float32Array.from(pixels, (at) => Number(isBright(at))), shape: [4, 4, 1] },
      mask: {
        kind: 'mask',
        data: Int32Array.from(pixels, (at) => (at < 4 ? -100 : Number(isBright(at)))),
        shape: [4, 4],
      },
    }
  },
}

class Small extends Module {
  readonly first = new Conv2d(1, 4, { kernelSize: 3, padding: 1 })
  readonly head = new Conv2d(4, 2, { kernelSize: 1 })
  override forward(image: Tensor): Tensor {
    return this.head.forward(relu(this.first.forward(image)))
  }
}

/** Logits whose larger one is where the picture is bright. */
class Threshold extends Module {
  readonly head = new Conv2d(1, 2, { kernelSize: 1, bias: false, weightInit: () => tensor([-1, 1], [1, 1, 1, 2]) })
  override forward(image: Tensor): Tensor {
    return this.head.forward(image)
  }
}

describeBackends('segmentation', () => {
  const data = () => ({
    train: loader(columns, { batchSize: 4, shuffle: true, key: random.key(1) }),
    validation: loader(columns, { batchSize: 12 }),
  })

  test.each([1, 0])('spread into a trainer, with Dice of weight %d, a model learns masks', async (dice) => {
    const model = init(new Small(), random.key(2))
    const task = segmentation({ classes: ['background', 'column'], dice })
    const trainer = new Trainer({ model, optimizer: adam({ learningRate: 0.05 }), data: data(), ...task })
    const before = memory().numTensors
    const first = await trainer.evaluate()
    const { history } = await trainer.fit({ epochs: 20 })
    expect(Object.keys(history.steps[0]?.losses ?? {})).toEqual(dice === 0 ? [] : ['pixels', 'overlap'])
    const last = await trainer.evaluate()
    expect(last.loss).toBeLessThan(first.loss / 4)
    expect(last.meanIou).toBeGreaterThan(0.95)
    const scores = await evaluate({ model, data: data().validation, step: task.evaluate })
    expect(scores.meanIou).toBe(last.meanIou)
    expect(scores.classIou).toHaveLength(2)
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  test('predicts the class of each pixel, and leaves the batch alone', async () => {
    const image = tensor([0, 1, 1, 0], [1, 2, 2, 1])
    const mask = tensor([0, 1, -100, 0], [1, 2, 2], 'int32')
    const before = memory().numTensors
    const model = init(new Threshold(), random.key(1))
    const [found] = await segmentation({ classes: 2 }).predict(model, { image, mask })
    expect(found).toEqual({
      shape: [2, 2],
      mask: Int32Array.of(0, 1, 1, 0),
      actual: Int32Array.of(0, 1, -100, 0),
    })
    await expect(segmentation({ classes: 3 }).predict(model, { image })).rejects.toThrow(
      'segmentation: expected logits [batch, height, width, 3], got [1,2,2,2].',
    )
    model.dispose()
    expect(memory().numTensors).toBe(before)
  })
})

describe('what segmentation shows', () => {
  const { views } = segmentation({ classes: ['sky', 'sea', 'sand'] })
  const prediction = { shape: [1, 4] as const, mask: Int32Array.of(1, 0, 1, 1) }

  test('a prediction in words, figures and as colors over its image', () => {
    expect(views.line(prediction)).toBe('sea 75.0%, sky 25.0%')
    expect(views.json(prediction)).toEqual({ shape: [1, 4], shares: { sea: 0.75, sky: 0.25 } })
    expect(views.rows(prediction)).toEqual([
      { class: 'sea', share: 0.75 },
      { class: 'sky', share: 0.25 },
    ])
    const samples = [{ image: blank(4, 1, [0, 0, 0]), prediction }]
    const { pictures } = views.page(undefined, samples)
    expect(pictures?.[0]?.picture).toEqual(views.picture(samples))
    expect(views.page(undefined, [])).toEqual({})
    expect(classColor(1)).toEqual([128, 0, 0])
  })

  test('an evaluation, without the classes that are nowhere', () => {
    const { headline, json, table } = views.report({
      loss: 0.5,
      meanIou: 0.6,
      accuracy: 0.7,
      classIou: [0.8, 0.4, Number.NaN],
    })
    expect(headline).toBe('mean IoU 60.00%, accuracy of pixels 70.00%, loss 0.5000')
    expect(json).toEqual({ loss: 0.5, meanIou: 0.6, accuracy: 0.7, classes: { sky: 0.8, sea: 0.4 } })
    expect(table?.rows).toEqual([
      ['sky', 0.8],
      ['sea', 0.4],
    ])
  })

  test('refuses what there is not', () => {
    expect(() => segmentation({ classes: 1 })).toThrow('segmentation: expected at least 2 classes, got 1.')
    expect(() => segmentation({ classes: 2, dice: -1 })).toThrow(
      'segmentation: expected dice as a weight of at least 0, got -1.',
    )
  })
})
