import { type ClassificationSample, type Dataset, loader } from '@ddnet/datasets'
import { init, Linear, Module } from '@ddnet/layers'
import { DDNet } from '@ddnet/models'
import { memory, random, reshape, type Tensor, tensor } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { defined, describeBackends, itemAt, tuple } from '@ddnet/testing'
import { evaluate, Trainer } from '@ddnet/trainer'
import { blank } from '@ddnet/visuals'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { classification } from './index.ts'

/** Pictures of 4 × 4 with one bright row, the label, on noise. */
const rows = (length: number, seed = 1): Dataset<ClassificationSample> => ({
  length,
  async get(index) {
    const data = random.uniformValues(random.key(seed).fold(index), 16)
    for (let column = 0; column < 4; column++) data[(index % 4) * 4 + column] = 1
    return { image: { kind: 'image', data, shape: [4, 4, 1] }, label: index % 4 }
  },
})
class Rows extends Module {
  readonly head = new Linear(16, 4)
  override forward(image: Tensor): Tensor {
    return this.head.forward(reshape(image, [-1, 16]))
  }
}
const names = ['first', 'second', 'third', 'fourth']
const task = classification({ classes: names })

describeBackends('classification', () => {
  test('spread into a trainer, it trains, validates and is measured', async () => {
    const model = init(new Rows(), random.key(1))
    const trainer = new Trainer({
      model,
      optimizer: adam({ learningRate: 0.1 }),
      data: {
        train: loader(rows(40), { batchSize: 8, shuffle: true, key: random.key(2) }),
        validation: loader(rows(20, 2), { batchSize: 20 }),
      },
      ...task,
    })
    expectTypeOf(trainer.evaluate).returns.resolves.toExtend<{ loss: number; accuracy: number }>()
    const before = memory().numTensors
    const { history } = await trainer.fit({ epochs: 8 })
    const last = history.validations.at(-1)
    expect(last?.monitored.name).toBe('accuracy')
    expect(last?.validation['accuracy']).toBeGreaterThan(0.9)
    const scores = await evaluate({ model, data: loader(rows(20, 2), { batchSize: 7 }), step: task.evaluate })
    expect(scores.accuracy).toBe(last?.validation['accuracy'])
    expect(scores.confusion.map((row) => row.reduce((sum, count) => sum + count, 0))).toEqual([5, 5, 5, 5])
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  test('trains DDNet as well, and smooths its labels only while it trains', async () => {
    const model = init(new DDNet({ channels: [4, 8], classes: 4, inChannels: 1 }), random.key(1))
    const smoothing = classification({ classes: 4, loss: { labelSmoothing: 0.5 } })
    const data = { train: loader(rows(8), { batchSize: 8 }) }
    const trainer = new Trainer({ model, optimizer: adam(), data, ...smoothing })
    await trainer.fit({ steps: 1 })
    const batches = () => loader(rows(8), { batchSize: 8 })
    const { loss: smoothed } = await trainer.evaluate(batches())
    const { loss } = await evaluate({ model, data: batches(), step: smoothing.evaluate })
    const plain = await evaluate({ model, data: batches(), step: classification({ classes: 4 }).step })
    expect(loss).toBe(plain.loss)
    expect(smoothed).not.toBe(loss)
    model.dispose()
  })

  test('learns from a teacher by (1 − w) · cross-entropy + w · T² · KL(teacher ‖ model)', async () => {
    const [model, teacher] = tuple(
      [1, 2].map((seed) => init(new Rows(), random.key(seed))),
      2,
    )
    const [temperature, weight] = [3, 0.7]
    const learned = defined(task.distill)(teacher, { temperature, weight })
    const batches = () => loader(rows(6), { batchSize: 6 })
    const image = tensor(
      (await Promise.all([0, 1, 2, 3, 4, 5].map((at) => rows(6).get(at)))).flatMap((each) => [...each.image.data]),
      [6, 4, 4, 1],
    )
    const [own, theirs] = tuple(
      await Promise.all([model, teacher].map(async (each) => [...(await each.predict(image).data())])),
      2,
    )
    /** The softmax of the logits over a temperature. */
    const share = (logits: readonly number[], at: number, by: number) => {
      const first = 4 * Math.floor(at / 4)
      const powers = logits.slice(first, first + 4).map((logit) => Math.exp(logit / by))
      return itemAt(powers, at % 4) / powers.reduce((sum, each) => sum + each, 0)
    }
    let expected = 0
    for (let sample = 0; sample < 6; sample++) {
      expected -= ((1 - weight) * Math.log(share(own, 4 * sample + (sample % 4), 1))) / 6
      for (let at = 4 * sample; at < 4 * sample + 4; at++) {
        const target = share(theirs, at, temperature)
        expected += (weight * temperature ** 2 * target * Math.log(target / share(own, at, temperature))) / 6
      }
    }
    const { loss } = await evaluate({ model, data: batches(), step: learned.step })
    expect(Math.abs(loss / expected - 1)).toBeLessThan(1e-4)
    // What a finished model is measured by knows of no teacher.
    const measured = await evaluate({ model, data: batches(), step: learned.evaluate })
    expect(measured.loss).toBe((await evaluate({ model, data: batches(), step: task.evaluate })).loss)
    const trainer = new Trainer({
      model,
      optimizer: adam({ learningRate: 0.1 }),
      data: { train: batches() },
      ...learned,
    })
    const before = await teacher.stateDict()
    await trainer.fit({ steps: 60 })
    expect(await teacher.stateDict()).toEqual(before)
    const after = await evaluate({ model, data: batches(), step: learned.step })
    expect(after.loss).toBeLessThan(0.8 * loss)
    expect(() => task.distill?.(teacher, { temperature: 0, weight })).toThrow(
      'distill: expected a temperature above 0, got 0.',
    )
    expect(() => task.distill?.(teacher, { temperature, weight: 2 })).toThrow(
      'distill: expected a weight from 0 to 1, got 2.',
    )
  })

  test('predicts the classes of each picture, the likeliest first, with the truth where there is one', async () => {
    const model = new Rows()
    const weight = new Float32Array(4 * 16)
    // The logit of a row is the sum of its pixels.
    for (let at = 0; at < 64; at++) weight[at] = Math.floor(at / 16) === Math.floor((at % 16) / 4) ? 1 : 0
    model.loadStateDict({
      'head.weight': { dtype: 'float32', shape: [4, 16], data: weight },
      'head.bias': { dtype: 'float32', shape: [4], data: new Float32Array(4) },
    })
    const image = tensor(
      [0, 0, 0, 0, Math.log(3), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0].concat(new Array(16).fill(0)),
      [2, 4, 4, 1],
    )
    const before = memory().numTensors
    const [first, second] = await task.predict(model, { image, label: tensor([1, -100], [2], 'int32') })
    expect(memory().numTensors).toBe(before + 1) // the label is still there
    expect(first?.actual).toBe('second')
    expect(first?.classes[0]?.name).toBe('second')
    expect(first?.classes[0]?.confidence).toBeCloseTo(0.5, 5) // 3 / (3 + 1 + 1 + 1)
    expect(first?.classes.map(({ confidence }) => confidence).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)
    expect(second).not.toHaveProperty('actual')
    expect(await task.predict(model, { image })).toHaveLength(2)
    await expect(classification({ classes: 3 }).predict(model, { image })).rejects.toThrow(
      'classification: expected logits of 3 classes, got [2,4]',
    )
    image.dispose()
    model.dispose()
  })
})

describe('what classification shows', () => {
  const prediction = {
    classes: [
      { name: 'first', confidence: 0.871 },
      { name: 'second', confidence: 0.129 },
    ],
    actual: 'second',
  }
  const { views } = task

  test('a prediction as a line, as JSON, as rows of a table and as a picture', () => {
    expect(views.line(prediction)).toBe('first 87.1%, second 12.9%')
    expect(JSON.parse(JSON.stringify(views.json(prediction)))).toEqual({
      actual: 'second',
      predictions: prediction.classes,
    })
    expect(views.rows(prediction)).toEqual([
      { actual: 'second', rank: 1, class: 'first', confidence: 0.871 },
      { actual: 'second', rank: 2, class: 'second', confidence: 0.129 },
    ])
    const samples = [{ image: blank(8, 8, [0, 0, 0]), prediction }]
    const [small, titled] = [views.picture(samples), views.picture(samples, { title: 'a title' })]
    expect(titled.height).toBeGreaterThan(small.height)
    expect(views.page(undefined, samples)).toEqual({
      predictions: [{ image: samples[0]?.image, predicted: 'first', confidence: 0.871, actual: 'second' }],
    })
  })

  test('an evaluation as a headline, as JSON and as a table of the classes', () => {
    const confusion = [
      [8, 2, 0, 0],
      [0, 10, 0, 0],
      [1, 3, 6, 0],
      [0, 0, 0, 10],
    ]
    const { headline, json, table } = views.report({ loss: 0.51234, accuracy: 34 / 40, confusion })
    expect(headline).toBe('accuracy 85.00% (34 of 40 images), loss 0.5123')
    expect(json).toMatchObject({ correct: 34, images: 40, classes: { first: 0.8, third: 0.6 } })
    expect(table?.rows).toEqual([
      ['first', 0.8, 'second', 0.2],
      ['second', 1, 'first', 0],
      ['third', 0.6, 'second', 0.3],
      ['fourth', 1, 'first', 0],
    ])
    expect(views.page({ loss: 0.5, accuracy: 0.85, confusion }, [])).toEqual({ classes: { names, confusion } })
  })

  test('what the commonest class reaches', () => {
    expect(task.baseline?.({ labels: [0, 1, 1, 2] })).toEqual({
      accuracy: 0.5,
      loss: 0.5 * Math.LN2 + 2 * 0.25 * Math.log(4),
    })
    expect(task.baseline?.({})).toBeUndefined()
  })

  test('how many classes there must be', () => {
    expect([task.outputs, classification({ classes: 10 }).outputs]).toEqual([4, 10])
    expect(() => classification({ classes: 1 })).toThrow('expected at least 2 classes, got 1')
    expect(task.scores.accuracy?.format(0.8754)).toBe('87.5%')
  })
})

test('a model with other inputs or outputs, and data without labels, are errors of the compiler', () => {
  class TwoHeads extends Module {
    override forward(image: Tensor): { a: Tensor; b: Tensor } {
      return { a: image, b: image }
    }
  }
  const wrong = [
    () => {
      const options = { model: new TwoHeads(), optimizer: adam(), data: { train: loader(rows(4), { batchSize: 1 }) } }
      // @ts-expect-error: a classifier gives logits
      return new Trainer({ ...options, ...task })
    },
    () => {
      const tokens = { length: 1, get: async () => ({ tokens: Int32Array.of(1) }) }
      const options = { model: new Rows(), optimizer: adam(), data: { train: loader(tokens, { batchSize: 1 }) } }
      // @ts-expect-error: a batch needs `image` and `label`
      return new Trainer({ ...options, ...task })
    },
  ]
  expect(wrong).toHaveLength(2)
})
