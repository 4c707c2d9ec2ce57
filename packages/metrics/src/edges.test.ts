import { type Tensor, tensor, toHost, zeros } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import {
  calibrationError,
  classPrecision,
  cocoScores,
  diceScore,
  f1,
  frechetDistance,
  type Measure,
  meanAveragePrecision,
  meanIou,
  perplexity,
  precision,
  recall,
  ssim,
} from './index.ts'
import { eigenvalues, traceOfRoot } from './symmetric.ts'

async function measured<V>(measure: Measure<V>): Promise<V> {
  const values = Object.entries(measure.tensors).map(async ([name, value]) => [name, await toHost(value)] as const)
  return measure.compute(JSON.parse(JSON.stringify(measure.state(Object.fromEntries(await Promise.all(values))))))
}
const labels = (...values: number[]): Tensor => tensor(values, [values.length], 'int32')

describeBackends('edges of metrics', () => {
  const scores = () =>
    tensor([
      [2, 1, 0],
      [2, 1, 0],
    ])

  describe.each<{ name: string; of: (logits: Tensor, labels: Tensor) => Measure }>([
    { name: 'precision', of: precision },
    { name: 'recall', of: recall },
    { name: 'f1', of: f1 },
    { name: 'f1, micro', of: (logits, labels) => f1(logits, labels, { average: 'micro' }) },
    { name: 'meanIou', of: meanIou },
    { name: 'calibrationError', of: calibrationError },
    { name: 'perplexity', of: perplexity },
  ])('$name', ({ of }) => {
    test('of nothing is NaN', async () => {
      expect(await measured(of(zeros([0, 3]), zeros([0], 'int32')))).toBeNaN()
      expect(await measured(of(scores(), labels(-100, -100)))).toBeNaN()
    })
  })

  test('what is 0 / 0 counts as told, and NaN not at all', async () => {
    // Class 0 is predicted twice and right once; class 1 is a label and never predicted; class 2 is nowhere.
    const of = (zeroDivision: number) => measured(precision(scores(), labels(0, 1), { zeroDivision }))
    expect([await of(0), await of(1), await of(Number.NaN)]).toEqual([0.5 / 2, 1.5 / 2, 0.5])
    const each = (zeroDivision: number) => measured(classPrecision(scores(), labels(0, 1), { zeroDivision }))
    expect([await each(0), await each(1)]).toEqual([
      [0.5, 0, 0],
      [0.5, 1, 1],
    ])
  })

  test('calibrationError is the confidence of what is wrong, and what it lacks where all is right', async () => {
    const logits = tensor([[Math.log(3), 0]]) // 75 %
    expect(await measured(calibrationError(logits, labels(0)))).toBeCloseTo(0.25, 6)
    expect(await measured(calibrationError(logits, labels(1)))).toBeCloseTo(0.75, 6)
    expect(await measured(calibrationError(logits, tensor([[0.1, 0.9]])))).toBeCloseTo(0.75, 6)
  })

  test('perplexity of a guess is the number of classes', async () => {
    expect(await measured(perplexity(zeros([2, 3, 7]), zeros([2, 3], 'int32')))).toBeCloseTo(7, 4)
  })

  test('perplexity says its own name where labels do not fit', () => {
    expect(() => perplexity(zeros([2, 3, 7]), zeros([2], 'int32'))).toThrow('perplexity: expected float32 logits')
  })

  test('diceScore leaves out pictures without what is asked for', async () => {
    const picture = tensor([0, 1, 0, 1], [1, 2, 2]) // both pixels are of class 1
    const of = (...values: number[]) => measured(diceScore(picture, tensor(values, [1, 2], 'int32')))
    expect(await of(1, 1)).toBe(1)
    expect(await of(1, 0)).toBeCloseTo((2 / 3 + 0) / 2, 12)
    expect(await of(-100, -100)).toBeNaN()
  })

  test('frechetDistance of equal samples is 0, and NaN of too few or of NaN', async () => {
    const features = () =>
      tensor([
        [1, 2],
        [3, 5],
        [4, 4],
      ])
    expect(Math.abs(await measured(frechetDistance(features(), features())))).toBeLessThan(1e-7)
    expect(await measured(frechetDistance(features(), tensor([[1, 2]])))).toBeNaN()
    expect(await measured(frechetDistance(zeros([0, 2]), features()))).toBeNaN()
  })

  test('equal pictures have the similarity 1', async () => {
    const picture = tensor(
      Array.from({ length: 144 }, (_, at) => (at % 7) / 7),
      [1, 12, 12, 1],
    )
    expect(await measured(ssim(picture, picture))).toBeCloseTo(1, 6)
  })
})

describeBackends('errors of metrics', () => {
  const boxes = (batch: number, most: number) => zeros([batch, most, 4])
  const ints = (values: number[]) => tensor(values, [1, values.length], 'int32')
  const coco = (label: number, score: number) =>
    cocoScores(
      { boxes: boxes(1, 1), scores: tensor([[score]]), labels: ints([label]) },
      { boxes: boxes(1, 2), labels: ints([0, -1]) },
      { classes: 3 },
    )

  test.each([
    [() => coco(3, 0.5), 'cocoScores: label 3 is not in 0 … 2, nor −1 for no box.'],
    [() => coco(-2, 0.5), 'cocoScores: label -2 is not in 0 … 2'],
    [() => coco(0, Number.NaN), 'cocoScores: expected a number as each score, got NaN at position 0.'],
    [() => precision(zeros([1, 3]), labels(3)), 'precision: label 3 is not in 0 … 2'],
    [() => calibrationError(zeros([1, 3]), labels(-1)), 'calibrationError: label -1 is not in 0 … 2'],
    [() => meanIou(zeros([1, 3]), tensor([Number.NaN])), 'meanIou: label NaN is not in 0 … 2'],
  ])('when it is read: %#', async (make, message) => {
    await expect(measured(make() as Measure<unknown>)).rejects.toThrow(message)
  })

  test('a score of what is no box may be anything', async () => {
    expect((await measured(coco(-1, Number.NaN)))[0]).toBe(0)
  })

  test.each([
    [
      () => precision(zeros([1, 3]), labels(0), { average: 'none' as 'macro' }),
      "'macro', 'weighted' or 'micro', got 'none'",
    ],
    [
      () => recall(zeros([1, 3]), labels(0), { zeroDivision: 2 }),
      'recall: expected zeroDivision in 0 … 1 or NaN, got 2.',
    ],
    [
      () => diceScore(zeros([2, 3]), labels(0, 1)),
      'diceScore: expected logits [batch, …, classes] of several positions',
    ],
    [
      () => calibrationError(zeros([1, 3]), labels(0), { bins: 0 }),
      'calibrationError: expected bins to be a whole number',
    ],
    [() => frechetDistance(zeros([3, 2]), zeros([3, 4])), 'features [batch, features], got [3,2] and [3,4]'],
    [() => ssim(zeros([1, 4, 4, 1]), zeros([1, 4, 4, 1])), 'at least 11 × 11 pixels'],
    [
      () =>
        cocoScores(
          { boxes: boxes(2, 3), scores: zeros([2, 2]), labels: zeros([2, 3], 'int32') },
          { boxes: boxes(2, 1), labels: zeros([2, 1], 'int32') },
        ),
      'cocoScores: expected detections as boxes [batch, most, 4] and the others [batch, most], of the same batch, got boxes [2,3,4], scores [2,2], labels [2,3].',
    ],
    [
      () =>
        meanAveragePrecision(
          { boxes: boxes(2, 3), scores: zeros([2, 3]), labels: zeros([2, 3], 'int32') },
          { boxes: boxes(1, 1), labels: zeros([1, 1], 'int32') },
        ),
      'meanAveragePrecision: expected targets as boxes',
    ],
    [
      () =>
        meanAveragePrecision(
          { boxes: boxes(1, 1), scores: zeros([1, 1]), labels: ints([0]) },
          { boxes: boxes(1, 1), labels: ints([0]) },
          { score: 'mAP' as 'AP' },
        ),
      "expected score as one of AP, AP50, AP75, APsmall, APmedium, APlarge, AR1, AR10, AR100, ARsmall, ARmedium, ARlarge, got 'mAP'",
    ],
  ])('at once: %#', (make, message) => expect(make).toThrow(message))
}, ['cpu'])

describe('eigenvalues of symmetric matrices', () => {
  const rows = (size: number, of: (row: number, column: number) => number) =>
    Array.from({ length: size }, (_, row) => Float64Array.from({ length: size }, (_, column) => of(row, column)))
  const sorted = (values: Float64Array) => Array.from(values).sort((a, b) => a - b)
  const expectAll = (values: number[], expected: number[]) => {
    expect(values.length).toBe(expected.length)
    for (const [at, value] of values.entries()) expect(value).toBeCloseTo(expected[at] as number, 10)
  }

  test('of second differences are 2 − 2 cos(k π / (n + 1))', () => {
    for (const size of [1, 2, 3, 20, 57]) {
      const differences = rows(size, (row, column) => (row === column ? 2 : Math.abs(row - column) === 1 ? -1 : 0))
      const expected = differences.map((_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (size + 1)))
      expectAll(sorted(eigenvalues(differences)), expected)
    }
  })

  test('of ones are n and 0, of a diagonal its values, and of nothing none', () => {
    expectAll(sorted(eigenvalues(rows(5, () => 1))), [0, 0, 0, 0, 5])
    expectAll(sorted(eigenvalues(rows(4, (row, column) => (row === column ? row - 1 : 0)))), [-1, 0, 1, 2])
    expectAll(sorted(eigenvalues(rows(3, () => 0))), [0, 0, 0])
    expect(eigenvalues([])).toEqual(new Float64Array())
  })

  test('of all entries 1 / (i + j + 1), Hilbert’s, have its trace and its sum of squares', () => {
    const hilbert = rows(12, (row, column) => 1 / (row + column + 1))
    const values = eigenvalues(hilbert)
    const total = (of: (value: number) => number) => values.reduce((sum, value) => sum + of(value), 0)
    expect(total((value) => value)).toBeCloseTo(
      hilbert.reduce((sum, row, at) => sum + (row[at] as number), 0),
      12,
    )
    expect(total((value) => value ** 2)).toBeCloseTo(
      hilbert.reduce((sum, row) => sum + row.reduce((inner, value) => inner + value ** 2, 0), 0),
      12,
    )
  })

  test('the root of a square has its trace, of a singular one, too', () => {
    const ones = rows(6, () => 1)
    expect(traceOfRoot(ones, ones)).toBeCloseTo(6, 10)
    const diagonal = rows(5, (row, column) => (row === column ? row : 0))
    expect(traceOfRoot(diagonal, diagonal)).toBeCloseTo(0 + 1 + 2 + 3 + 4, 10)
    expect(
      traceOfRoot(
        rows(3, () => 0),
        ones.slice(0, 3).map((row) => row.slice(0, 3)),
      ),
    ).toBe(0)
  })
})
