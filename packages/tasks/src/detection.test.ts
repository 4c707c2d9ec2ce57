import { boxesField, boxLabelsField, type Dataset, type DetectionSample, loader } from '@ddnet/datasets'
import { Conv2d, DeconvBlock, init, Module, pipe } from '@ddnet/layers'
import { CenterNet, DetectionHead, type DetectionMaps } from '@ddnet/models'
import { memory, random, relu, type Tensor, tensor } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { describeBackends } from '@ddnet/testing'
import { evaluate, Trainer } from '@ddnet/trainer'
import { blank } from '@ddnet/visuals'
import { describe, expect, test } from 'vitest'
import { detection } from './index.ts'

/** Pictures of 16 × 16 with a bright rectangle, 8 × 4 (class 0) or 4 × 8 (class 1); the last one is empty. */
const rectangles: Dataset<DetectionSample> = {
  length: 13,
  get: async (index) => {
    const label = index % 2
    const [width, height] = label === 0 ? [8, 4] : [4, 8]
    const [left, top] = [(index * 3) % (16 - width), (index * 5) % (16 - height)]
    const isEmpty = index === 12
    const isInside = (at: number) => {
      const [x, y] = [at % 16, Math.floor(at / 16)]
      return !isEmpty && x >= left && x < left + width && y >= top && y < top + height
    }
    return {
      image: {
        kind: 'image',
        data: Float32Array.from({ length: 256 }, (_, at) => Number(isInside(at))),
        shape: [16, 16, 1],
      },
      boxes: boxesField(isEmpty ? new Float32Array(0) : Float32Array.of(left, top, left + width, top + height)),
      boxLabels: boxLabelsField(isEmpty ? new Int32Array(0) : Int32Array.of(label)),
    }
  },
}

/** Sees a picture at a quarter of its size, and answers at half of it. */
class Small extends Module {
  readonly first = new Conv2d(1, 16, { kernelSize: 5, stride: 2, padding: 2 })
  readonly second = new Conv2d(16, 32, { kernelSize: 3, stride: 2, padding: 1 })
  readonly up = new DeconvBlock(32, 16, { kernelSize: 4 })
  readonly head = new DetectionHead(16, 2)
  override forward(image: Tensor): DetectionMaps {
    return this.head.forward(pipe(image, this.first, relu, this.second, relu, this.up))
  }
}

describeBackends('detection', () => {
  const data = () => ({
    train: loader(rectangles, { batchSize: 4, shuffle: true, key: random.key(1) }),
    validation: loader(rectangles, { batchSize: 13 }),
  })

  test('spread into a trainer, a model learns boxes', async () => {
    const model = init(new Small(), random.key(2))
    const task = detection({ classes: ['wide', 'high'], sizeWeight: 1, giouWeight: 1 })
    const trainer = new Trainer({ model, optimizer: adam({ learningRate: 0.02 }), data: data(), ...task })
    const before = memory().numTensors
    const first = await trainer.evaluate()
    const { history } = await trainer.fit({ epochs: 20 })
    expect(Object.keys(history.steps[0]?.losses ?? {})).toEqual(['heatMap', 'size', 'offset', 'giou'])
    const last = await trainer.evaluate()
    expect(last.loss).toBeLessThan(first.loss / 4)
    expect(last.AP50).toBeGreaterThan(0.9)
    const scores = await evaluate({ model, data: data().validation, step: task.evaluate })
    expect([scores.AP, scores.AP50]).toEqual([scores.coco[0], scores.coco[1]])
    expect(scores.AP).toBeCloseTo(((scores.classAP[0] ?? 0) + (scores.classAP[1] ?? 0)) / 2, 10)
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  test('CenterNet takes a few steps, and a batch without any box', async () => {
    const model = init(
      new CenterNet({ classes: 2, inChannels: 1, width: 4, deconv: [8, 8, 8], hidden: 4 }),
      random.key(3),
    )
    const empty: Dataset<DetectionSample> = {
      length: 6,
      get: async () => ({
        image: { kind: 'image', data: new Float32Array(32 * 32), shape: [32, 32, 1] },
        boxes: boxesField(new Float32Array(0)),
        boxLabels: boxLabelsField(new Int32Array(0)),
      }),
    }
    const trainer = new Trainer({
      model,
      optimizer: adam({ learningRate: 1e-3 }),
      data: { train: loader(empty, { batchSize: 2 }), validation: loader(empty, { batchSize: 2 }) },
      ...detection({ classes: 2 }),
    })
    const { history } = await trainer.fit({ steps: 3 })
    expect(history.steps.every(({ loss }) => Number.isFinite(loss))).toBe(true)
    expect(Object.keys(history.steps[0]?.losses ?? {})).toEqual(['heatMap', 'size', 'offset'])
    expect((await trainer.evaluate()).AP).toBeNaN()
    model.dispose()
  })

  test('predicts boxes of its picture, the surest first, and of a picture of another size in that one’s pixels', async () => {
    /** One centre, at place (1, 1): a box of 2 × 1 places there. */
    class Constant extends Module {
      readonly head = new Conv2d(1, 1, { kernelSize: 1 })
      override forward(image: Tensor): DetectionMaps {
        const batch = image.shape[0] ?? 0
        const at = (values: readonly number[], channels: number) =>
          tensor(Array.from({ length: batch }, () => values).flat(), [batch, 2, 2, channels])
        return {
          heatMap: at([-9, -9, -9, 2], 1),
          size: at([0, 0, 0, 0, 0, 0, 2, 1], 2),
          offset: at([0, 0, 0, 0, 0, 0, 0.5, 0.5], 2),
        }
      }
    }
    const model = init(new Constant(), random.key(1))
    const task = detection({ classes: ['cup'] })
    const image = tensor(new Float32Array(64), [1, 8, 8, 1])
    const boxes = tensor([1, 2, 3, 4], [1, 1, 4])
    const boxLabels = tensor([0], [1, 1], 'int32')
    const before = memory().numTensors
    const [found] = await task.predict(model, { image, boxes, boxLabels })
    const score = 1 / (1 + Math.exp(-2))
    // A stride of 4: the centre is at 6, 6; 8 wide and cut at the right edge, 4 high.
    expect(found?.objects).toEqual([{ box: [2, 4, 8, 8], label: 0, score: expect.closeTo(score, 5) }])
    expect([found?.size, found?.actual]).toEqual([[8, 8], [{ box: [1, 2, 3, 4], label: 0 }]])
    const whole = await task.predictWhole?.(model, {
      data: new Float32Array(64),
      shape: [8, 8, 1],
      tile: [8, 8],
      size: [60, 80],
    })
    // Ten times as large; what lies below the picture is cut.
    expect(whole).toEqual({
      size: [60, 80],
      objects: [{ box: [20, 40, 80, 60], label: 0, score: expect.closeTo(score, 5) }],
    })
    await expect(detection({ classes: 3 }).predict(model, { image })).rejects.toThrow(
      'detection: expected a heatMap [batch, height, width, 3], got [1,2,2,1].',
    )
    expect(memory().numTensors).toBe(before)
  })
})

describe('what detection shows', () => {
  const { views } = detection({ classes: ['cup', 'fork'] })
  const prediction = {
    size: [32, 32] as const,
    objects: [
      { box: [2, 4, 18, 20] as const, label: 1, score: 0.9 },
      { box: [0, 0, 4, 4] as const, label: 0, score: 0.1 },
    ],
  }

  test('what is sure enough, in words, figures and on its picture', () => {
    expect(views.line(prediction)).toBe('fork 90.0%')
    expect(views.line({ ...prediction, objects: [] })).toBe('nothing found')
    expect(views.json(prediction)).toEqual({
      size: [32, 32],
      objects: [{ class: 'fork', score: 0.9, box: [2, 4, 18, 20] }],
    })
    expect(views.rows(prediction)).toEqual([{ class: 'fork', score: 0.9, left: 2, top: 4, right: 18, bottom: 20 }])
    expect(views.boxes?.(prediction)).toHaveLength(2)
    const sample = { image: blank(32, 32, [0, 0, 0]), prediction }
    const samples = [sample]
    expect(views.page(undefined, samples).pictures?.[0]?.picture).toEqual(views.picture(samples))
    expect(views.page(undefined, [])).toEqual({})
    expect(Object.keys(views.files?.(sample) ?? {})).toEqual(['.png'])
  })

  test('an evaluation, without the classes of which there is no object', () => {
    const coco = [0.5, 0.75, 0.625, Number.NaN, 0.5, 0.5, 0.25, 0.5, 0.5, Number.NaN, 0.5, 0.5]
    const { headline, json, table } = views.report({ loss: 1.5, AP: 0.5, AP50: 0.75, coco, classAP: [0.5, Number.NaN] })
    expect(headline).toBe('AP 50.00%, AP50 75.00%, AP75 62.50%, loss 1.5000')
    expect(json).toMatchObject({ loss: 1.5, AP: 0.5, AP75: 0.625, APsmall: null, AR1: 0.25, classes: { cup: 0.5 } })
    expect(table?.rows).toEqual([['cup', 0.5]])
  })

  test('refuses what there is not', () => {
    expect(() => detection({ classes: 0 })).toThrow('detection: expected at least 1 class, got 0.')
    expect(() => detection({ classes: 1, threshold: 2 })).toThrow('expected threshold in 0 … 1, got 2.')
    expect(() => detection({ classes: 1, giouWeight: -1 })).toThrow(
      'expected giouWeight as a weight of at least 0, got -1.',
    )
  })
})
