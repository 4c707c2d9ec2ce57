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
      'expected predictions [batch, classes] and targets [batch] or [batch, classes], got [2,3] and [3]',
    )
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

describe('weightedMean', () => {
  const { compute, init, merge, update } = weightedMean
  const whole = update(update(init(), 2, 64), 5, 32)

  test('weighs each number', () => {
    expect(compute(whole)).toBe(3)
  })
  test('merges', () => {
    expect(merge(update(init(), 2, 64), update(init(), 5, 32))).toEqual(whole)
  })
})
