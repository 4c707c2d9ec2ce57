import type { HostTensor } from '@ddnet/ops'
import { describe, expect, test } from 'vitest'
import { accuracy, classAccuracy, confusionMatrix, type Metric, weightedMean } from './index.ts'

const scores = (...rows: number[][]): HostTensor => ({
  dtype: 'float32',
  shape: [rows.length, rows[0]?.length ?? 0],
  data: Float32Array.from(rows.flat()),
})
const labels = (...values: number[]): HostTensor => ({
  dtype: 'int32',
  shape: [values.length],
  data: Int32Array.from(values),
})
const first = { predictions: scores([5, 1, 0], [0, 2, 1]), targets: labels(0, 1) }
const second = { predictions: scores([1, 0, 2], [3, 0, 0], [0, 0, 9]), targets: labels(0, 2, 2) }

describe.each<{ name: string; metric: Metric<unknown, unknown>; expected: unknown; empty: unknown }>([
  { name: 'accuracy', metric: accuracy() as never, expected: 3 / 5, empty: Number.NaN },
  {
    name: 'confusionMatrix',
    metric: confusionMatrix(3) as never,
    expected: [
      [1, 0, 1],
      [0, 1, 0],
      [1, 0, 1],
    ],
    empty: [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ],
  },
  {
    name: 'classAccuracy',
    metric: classAccuracy(3) as never,
    expected: [0.5, 1, 0.5],
    empty: [Number.NaN, Number.NaN, Number.NaN],
  },
])('$name', ({ metric, expected, empty }) => {
  const after = (...batches: (typeof first)[]) =>
    batches.reduce((state, { predictions, targets }) => metric.update(state, predictions, targets), metric.init())

  test('over two batches', () => {
    expect(metric.compute(after(first, second))).toEqual(expected)
  })

  test('of nothing', () => {
    expect(metric.compute(metric.init())).toEqual(empty)
  })

  test('merged from two parts is that of the whole', () => {
    expect(metric.merge(after(first), after(second))).toEqual(after(first, second))
  })

  test('has a state that survives JSON, and updates leave the old one alone', () => {
    const state = after(first)
    const copy = JSON.parse(JSON.stringify(state)) as never
    expect(copy).toEqual(state)
    metric.update(state, second.predictions, second.targets)
    expect(state).toEqual(copy)
  })

  test('names shapes that do not fit', () => {
    expect(() => metric.update(metric.init(), first.predictions, second.targets)).toThrow(
      'expected predictions […, classes] and targets […] or […, classes], as [batch, classes] and [batch], got [2,3] and [3]',
    )
  })

  test('leaves out what is ignored', () => {
    const whole = metric.update(metric.init(), second.predictions, labels(0, -100, 2))
    const counted = metric.update(metric.init(), scores([1, 0, 2], [0, 0, 9]), labels(0, 2))
    expect(whole).toEqual(counted)
    const none = metric.update(metric.init(), first.predictions, labels(-100, -100))
    expect(metric.compute(none)).toEqual(empty)
  })

  test('takes pixels', () => {
    const [{ data, dtype }, target] = [second.predictions, second.targets]
    const pixels = metric.update(metric.init(), { dtype, data, shape: [1, 3, 1, 3] } as HostTensor, {
      ...target,
      shape: [1, 3, 1],
    })
    expect(pixels).toEqual(after(second))
  })

  test.each([3, -1, 255])('refuses the label %d, which is no class', (label) => {
    expect(() => metric.update(metric.init(), first.predictions, labels(0, label))).toThrow(
      `label ${label} is not in 0 … 2. Give ignoreIndex`,
    )
  })

  test.each([1.5, Number.NaN])('refuses the label %d, which is no whole number', (label) => {
    const targets: HostTensor = { dtype: 'float32', shape: [2], data: Float32Array.of(0, label) }
    expect(() => metric.update(metric.init(), first.predictions, targets)).toThrow(`label ${label} is not in 0 … 2`)
  })

  test('takes the most probable class of targets that are probabilities, as mixup makes them', () => {
    const probabilities = scores([0.7, 0.3, 0], [0.2, 0.1, 0.7])
    const hard = metric.update(metric.init(), first.predictions, labels(0, 2))
    expect(metric.update(metric.init(), first.predictions, probabilities)).toEqual(hard)
  })
})

describe('the predicted class', () => {
  const predicted = (row: number[]) =>
    confusionMatrix(3).update(confusionMatrix(3).init(), scores(row), labels(0))[0]?.indexOf(1)

  test.each([
    { name: 'is the first of equal ones', row: [1, 2, 2], expected: 1 },
    { name: 'may have a negative score', row: [-3, -1, -2], expected: 1 },
    { name: 'is the first NaN, as torch.argmax has it', row: [1, Number.NaN, Infinity], expected: 1 },
    { name: 'is NaN at the front', row: [Number.NaN, 5, 1], expected: 0 },
  ])('$name', ({ row, expected }) => {
    expect(predicted(row)).toBe(expected)
  })
})

describe('confusionMatrix', () => {
  const { init, update } = confusionMatrix(3)
  test('names a label out of range', () => {
    expect(() => update(init(), scores([1, 2, 3]), labels(3))).toThrow('label 3 is not in 0 … 2')
  })
  test('names another number of classes', () => {
    expect(() => update(init(), scores([1, 2]), labels(0))).toThrow('expected scores of 3 classes, got 2')
  })
})

describe('ignoreIndex', () => {
  test('may be another one, a class too', () => {
    const [predictions, targets] = [scores([5, 1, 0], [0, 2, 1]), labels(0, 255)]
    expect(accuracy({ ignoreIndex: 255 }).update(accuracy().init(), predictions, targets)).toEqual({
      correct: 1,
      count: 1,
    })
    const { init, update } = confusionMatrix(3, { ignoreIndex: 0 })
    expect(update(init(), predictions, labels(0, 1))).toEqual([
      [0, 0, 0],
      [0, 1, 0],
      [0, 0, 0],
    ])
    expect(classAccuracy(3, { ignoreIndex: 255 }).update(init(), predictions, targets)[0]).toEqual([1, 0, 0])
  })
})

describe('weightedMean', () => {
  const { compute, init, merge, update } = weightedMean
  const whole = update(update(init(), 2, 64), 5, 32)

  test('weighs each number', () => {
    expect(compute(whole)).toBe(3)
  })
  test('passes by what weighs nothing, NaN too', () => {
    expect(update(whole, Number.NaN, 0)).toEqual(whole)
    expect(compute(update(init(), 3, 0))).toBeNaN()
  })
  test('merges', () => {
    expect(merge(update(init(), 2, 64), update(init(), 5, 32))).toEqual(whole)
  })
})
