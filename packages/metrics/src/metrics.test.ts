import { memory, type Tensor, tensor } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { stateOf, valueOver } from '../test/value-over.ts'
import {
  accuracy,
  average,
  type ConfusionCounts,
  classAccuracy,
  confusionMatrix,
  formatPercent,
  type LabelOptions,
  type Measure,
  meanAbsoluteError,
  meanSquaredError,
  psnr,
  stateMeasure,
  sumMeasure,
  topKAccuracy,
  type ValuesOf,
  weightedMean,
} from './index.ts'

const scores = (...rows: number[][]): Tensor => tensor(rows)
const labels = (...values: number[]): Tensor => tensor(values, [values.length], 'int32')

type Of = (logits: Tensor, labels: Tensor, options?: LabelOptions) => Measure<unknown>

describeBackends('measures of classes', () => {
  const first = () => [scores([5, 1, 0], [0, 2, 1]), labels(0, 1)] as const
  const second = () => [scores([1, 0, 2], [3, 0, 0], [0, 0, 9]), labels(0, 2, 2)] as const

  describe.each<{ name: string; of: Of; expected: unknown; empty: unknown }>([
    { name: 'accuracy', of: accuracy, expected: 3 / 5, empty: Number.NaN },
    {
      name: 'topKAccuracy',
      of: (logits, labels, options) => topKAccuracy(logits, labels, 2, options),
      expected: 4 / 5,
      empty: Number.NaN,
    },
    {
      name: 'confusionMatrix',
      of: confusionMatrix,
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
      of: classAccuracy,
      expected: [0.5, 1, 0.5],
      empty: [Number.NaN, Number.NaN, Number.NaN],
    },
  ])('$name', ({ name, of, expected, empty }) => {
    test('over two batches', async () => {
      expect(await valueOver(of(...first()), of(...second()))).toEqual(expected)
    })

    test('leaves out what is ignored', async () => {
      const whole = await stateOf(of(second()[0], labels(0, -100, 2)))
      expect(whole).toEqual(await stateOf(of(scores([1, 0, 2], [0, 0, 9]), labels(0, 2))))
      expect(await valueOver(of(first()[0], labels(-100, -100)))).toEqual(empty)
      const other = await stateOf(of(first()[0], labels(0, 255), { ignoreIndex: 255 }))
      expect(other).toEqual(await stateOf(of(scores([5, 1, 0]), labels(0))))
    })

    test('takes pixels', async () => {
      const [logits, target] = second()
      const pixels = of(tensor(await logits.data(), [1, 3, 1, 3]), tensor(await target.data(), [1, 3, 1], 'int32'))
      expect(await stateOf(pixels)).toEqual(await stateOf(of(logits, target)))
    })

    test('takes the most probable class of targets that are probabilities, as mixup makes them', async () => {
      const soft = of(first()[0], scores([0.7, 0.3, 0], [0.2, 0.1, 0.7]))
      expect(await stateOf(soft)).toEqual(await stateOf(of(first()[0], labels(0, 2))))
    })

    test.each([3, -1, 255])('refuses the label %d, which is not a class, when it is read', async (label) => {
      await expect(stateOf(of(first()[0], labels(0, label)))).rejects.toThrow(
        `${name}: label ${label} is not in 0 … 2. Give ignoreIndex`,
      )
    })

    test.each([1.5, Number.NaN])('refuses the label %d, which is not a whole number', async (label) => {
      await expect(stateOf(of(first()[0], tensor([0, label])))).rejects.toThrow(`label ${label} is not in 0 … 2`)
    })

    test('names shapes that do not fit', () => {
      expect(() => of(first()[0], second()[1])).toThrow(
        `${name}: expected logits […, classes] and labels […] or […, classes], as [batch, classes] and [batch], got [2,3] and [3]`,
      )
    })
  })

  test('of many scores only the classes are read, with the same result', async () => {
    const rows = 3000
    const values = Float32Array.from({ length: rows * 30 }, (_, at) => ((at * 7919) % 1013) / 1013)
    values[5] = Number.NaN
    const target = Int32Array.from({ length: rows }, (_, row) => (row % 7 === 0 ? -100 : (row * 13) % 30))
    const [logits, label] = [tensor(values, [rows, 30]), tensor(target, [rows], 'int32')]
    const measure = accuracy(logits, label)
    const read = Object.values(measure.tensors).reduce((sum, { size }) => sum + size, 0)
    expect(read).toBe(2 * rows)
    const correct = Array.from(target, (label, row) => {
      const own = Array.from(values.subarray(row * 30, row * 30 + 30))
      const best = own.some(Number.isNaN) ? own.findIndex(Number.isNaN) : own.indexOf(Math.max(...own))
      return label === -100 ? undefined : best === label
    }).filter((hit) => hit !== undefined)
    expect(await stateOf(measure)).toEqual({ correct: correct.filter(Boolean).length, count: correct.length })
    const soft = tensor(values, [rows, 30])
    expect(await valueOver(accuracy(logits, soft))).toBe(1)
  })

  test.each([
    { name: 'is the first of equal ones', row: [1, 2, 2], expected: 1 },
    { name: 'may have a negative score', row: [-3, -1, -2], expected: 1 },
    { name: 'is the first NaN, as torch.argmax has it', row: [1, Number.NaN, Infinity], expected: 1 },
    { name: 'is NaN at the front', row: [Number.NaN, 5, 1], expected: 0 },
  ])('the predicted class $name', async ({ row, expected }) => {
    const [counts] = await valueOver(confusionMatrix(scores(row), labels(0)))
    expect(counts?.indexOf(1)).toBe(expected)
  })

  test('topKAccuracy counts labels among the k highest scores', async () => {
    const logits = () => scores([0.1, 0.2, 0.3, 0.4], [0.9, 0.8, 0.1, 0.2])
    const of = (k: number) => valueOver(topKAccuracy(logits(), labels(1, 2), k))
    expect([await of(1), await of(3), await of(4)]).toEqual([0, 0.5, 1])
    expect(() => topKAccuracy(logits(), labels(1, 2), 5)).toThrow('4')
  })
})

describeBackends('measures of differences', () => {
  const [prediction, target] = [() => tensor([[1, 2, 3, 4]]), () => tensor([[1, 0, 3, 8]])]

  test('are means over all elements of all batches', async () => {
    const more = () => [tensor([[1, 1, 1, 1]]), tensor([[0, 0, 0, 0]])] as const
    expect(await valueOver(meanSquaredError(prediction(), target()), meanSquaredError(...more()))).toBeCloseTo(
      24 / 8,
      6,
    )
    expect(await valueOver(meanAbsoluteError(prediction(), target()), meanAbsoluteError(...more()))).toBeCloseTo(
      10 / 8,
      6,
    )
    expect(await valueOver(average(prediction()), average(tensor([6])))).toBeCloseTo(16 / 5, 6)
  })

  test('psnr is 10 log₁₀ (range² / mse) of each sample', async () => {
    const found = tensor([
      [0.5, 0.5],
      [0, 1],
    ])
    const wanted = tensor([
      [0.4, 0.6],
      [0, 1],
    ])
    // 10 log₁₀ (1 / 0.01) = 20, and 100 where there is no error
    expect(await valueOver(psnr(found, wanted))).toBeCloseTo((20 + 100) / 2, 3)
    expect(await valueOver(psnr(found, wanted, { range: 2 }))).toBeCloseTo((20 + 20 * Math.log10(2) + 100) / 2, 3)
  })

  test('name shapes that do not fit', () => {
    expect(() => meanSquaredError(prediction(), tensor([1]))).toThrow(
      "meanSquaredError: expected targets of the predictions' shape [1,4], got [1]",
    )
    expect(() => psnr(tensor(1), tensor(2))).toThrow('psnr: expected [batch, …]')
  })
})

describeBackends('measures of one’s own', () => {
  test('sumMeasure adds up tensors, element by element', async () => {
    const of = (...values: number[]) =>
      sumMeasure({
        sums: { total: tensor(values), count: tensor(1) },
        compute: ({ total, count: [count = 0] }) => total.map((each) => each / count),
      })
    expect(await valueOver(of(1, 2), of(3, 5), of(5, 2))).toEqual([3, 3])
  })

  test('sumMeasure counts beyond what float32 tells apart', async () => {
    const large = () => sumMeasure({ sums: { count: tensor(2 ** 24) }, compute: ({ count: [count = 0] }) => count })
    const one = sumMeasure({ sums: { count: tensor(1) }, compute: ({ count: [count = 0] }) => count })
    expect(await valueOver(large(), one)).toBe(2 ** 24 + 1)
  })

  test('stateMeasure keeps whatever it needs', async () => {
    const largest = (...values: number[]) =>
      stateMeasure({
        tensors: { values: tensor(values) },
        state: ({ values }) => Math.max(...Array.from(values.data, Number)),
        merge: (a, b) => Math.max(a, b),
        compute: (largest) => largest,
        better: 'lower',
      })
    expect(await valueOver(largest(1, 7), largest(3))).toBe(7)
  })
})

describe('a measure', () => {
  test('has a value of its own type', () => {
    expectTypeOf<ValuesOf<{ a: Measure; b: Measure<ConfusionCounts> }>>().toEqualTypeOf<{
      readonly a: number
      readonly b: ConfusionCounts
    }>()
    expectTypeOf(accuracy).returns.toEqualTypeOf<Measure<number>>()
    expectTypeOf<Measure<ConfusionCounts>>().not.toExtend<Measure<number>>()
    expectTypeOf<Measure<ConfusionCounts>>().toExtend<Measure<unknown>>()
  })

  test('says which way is better and how it is written', () => {
    const before = memory().numTensors
    const measure = stateMeasure({
      tensors: {},
      state: () => 0,
      merge: (a, b) => a + b,
      compute: (state) => state,
      better: 'higher',
      format: formatPercent,
    })
    expect([measure.better, measure.format?.(0.8754)]).toEqual(['higher', '87.5%'])
    expect(memory().numTensors).toBe(before)
  })

  test.each([
    [0.7654, '76.5%'],
    [0.99999, '99.9%'],
    [1, '100.0%'],
    [0, '0.0%'],
    [Number.NaN, 'NaN%'],
  ])('a share of %d is %s', (share, text) => {
    expect(formatPercent(share)).toBe(text)
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
