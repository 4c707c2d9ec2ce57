import {
  adaptiveAvgPool2d,
  avgPool2d,
  batchNorm,
  conv2d,
  cumsum,
  depthwiseConv2d,
  embedding,
  mean,
  mul,
  ones,
  scatterAdd,
  sum,
  type Tensor,
  tensor,
  valueAndGrads,
  variance,
  zeros,
} from '@ddnet/ops'
import { describeBackends, itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'

// Two million values of 100 … 101, which TensorFlow's ops add up one after the other; beside sums in float64. PyTorch 2.13 on a
// CPU with AVX-512: sums and running sums 2e-8 off, filter gradients 8e-3, those of depthwise convolutions 2e-3, scatterAdd 5e-3.

const count = 2_000_000
const values = Float32Array.from({ length: count }, (_, at) => 100.5 + 0.5 * Math.sin(at * 1.7 + at * at * 1e-5))

/** Σ term over the values from `start` on, `step` apart. */
function total(start: number, step: number, term: (value: number, at: number) => number = (value) => value): number {
  let all = 0
  for (let at = start; at < count; at += step) all += term(itemAt(values, at), at)
  return all
}

const at = (x: Tensor, index = 0): number => itemAt(x.dataSync(), index)

const expectWithin = (got: number, expected: number, relative: number): void =>
  expect(Math.abs(got - expected) / Math.abs(expected), `${got} in place of ${expected}`).toBeLessThan(relative)

/** The gradient of Σ run(x) · dy. */
const gradientOf = (run: (x: Tensor) => Tensor, x: Tensor, dy: Tensor): Tensor =>
  valueAndGrads(() => sum(mul(run(x), dy)), [x]).grads[0]

describeBackends('of two million values', () => {
  test.each<[string, number[], number[], number]>([
    ['all', [count], [0], 1],
    ['columns of 2', [count / 2, 2], [0], 2],
    ['columns of 3, a prime number of rows', [666_649, 3], [0], 3],
    ['columns of 32', [count / 32, 32], [0], 32],
    ['the middle axis', [1, count / 4, 4], [1], 4],
    ['three axes', [5, 400, 500, 2], [0, 1, 2], 2],
    ['the first and the third axis', [1000, 1, 1000, 2], [0, 2], 2],
  ])('sum and mean over %s', (_, shape, axes, step) => {
    const used = shape.reduce((product, each) => product * each, 1)
    const x = tensor(values.subarray(0, used), shape)
    const expected = total(0, step, (value, index) => (index < used ? value : 0))
    expectWithin(at(sum(x, axes)), expected, 1e-6)
    expectWithin(at(mean(x, axes)), expected / (used / step), 1e-6)
    expect(sum(x, axes, true).shape).toEqual(shape.map((size, axis) => (axes.includes(axis) ? 1 : size)))
  })

  test('sums of integers stay exact', () => {
    const x = tensor(new Int32Array(20_000).fill(100_001), [10_000, 2], 'int32')
    expect([...sum(x, 0).dataSync()]).toEqual([1_000_010_000, 1_000_010_000])
  })

  test.each([1, 2, 16])('batch norm of %d channels has the mean and the variance', (channels) => {
    const x = tensor(values, [2, 500, 2000 / channels, channels])
    const running = { runningMean: zeros([channels]), runningVar: ones([channels]) }
    const { y, runningMean, runningVar } = batchNorm(x, { ...running, training: true, momentum: 1 })
    const rows = count / channels
    const average = total(0, channels) / rows
    const spread = total(0, channels, (value) => (value - average) ** 2) / rows
    expectWithin(at(runningMean), average, 1e-7)
    expectWithin(at(runningVar), (spread * rows) / (rows - 1), 1e-5)
    // x itself has seven digits, and 100 is 280 standard deviations.
    const expected = (itemAt(values, 0) - average) / Math.sqrt(spread + 1e-5)
    expect(Math.abs(at(y) - expected)).toBeLessThan(5e-5)
    expectWithin(at(variance(x, [0, 1, 2], { correction: 0 })), spread, 1e-6)
  })

  test.each([100, 300])(
    'batch norm of a constant channel is its bias, however far from 0 it is, of %d rows',
    (height) => {
      const x = tensor(new Float32Array(4 * height * 500 * 3).fill(1e10), [4, height, 500, 3])
      const running = { runningMean: zeros([3]), runningVar: ones([3]) }
      const { y, runningMean, runningVar } = batchNorm(x, { ...running, training: true, momentum: 1 })
      expect(new Set(y.dataSync())).toEqual(new Set([0]))
      expect([...runningMean.dataSync(), ...runningVar.dataSync()]).toEqual([1e10, 1e10, 1e10, 0, 0, 0])
    },
  )

  test('batch norm keeps the variance of few values far from 0, whatever the first one is', () => {
    for (const first of [1e4, 1e4 + 100]) {
      const x = values.slice(0, 60_000).map((value) => value + 9900)
      x[0] = first
      const running = { runningMean: zeros([1]), runningVar: ones([1]) }
      const { runningMean, runningVar } = batchNorm(tensor(x, [6, 100, 100, 1]), {
        ...running,
        training: true,
        momentum: 1,
      })
      const average = x.reduce((all, value) => all + value, 0) / x.length
      expectWithin(at(runningMean), average, 1e-7)
      const spread = x.reduce((all, value) => all + (value - average) ** 2, 0) / (x.length - 1)
      expectWithin(at(runningVar), spread, 1e-4)
    }
  })

  test('batch norm’s gradients add them up', () => {
    const x = tensor(
      values.map((value) => value - 100.5),
      [2, 1000, 1000, 1],
    )
    const dy = tensor(values, [2, 1000, 1000, 1])
    const [weight, bias] = [ones([1]), zeros([1])]
    const options = { runningMean: zeros([1]), runningVar: ones([1]), training: true } as const
    const run = () => sum(mul(batchNorm(x, { ...options, weight, bias }).y, dy))
    const { grads } = valueAndGrads(run, [weight, bias])
    expectWithin(at(grads[1]), total(0, 1), 1e-6)
    // y and dy are the same but for a scale and a shift: Σ y · dy = n σ, up to eps.
    const average = total(0, 1) / count
    const spread = total(0, 1, (value) => (value - average) ** 2) / count
    expectWithin(at(grads[0]), (count * spread) / Math.sqrt(spread + 1e-5), 1e-4)
  })

  test('average poolings of large windows', () => {
    const x = tensor(values, [1, 1000, 1000, 2])
    expectWithin(at(adaptiveAvgPool2d(x, 1)), total(0, 2) / (count / 2), 1e-6)
    expectWithin(at(avgPool2d(x, { kernelSize: 1000 })), total(0, 2) / (count / 2), 1e-6)
  })

  test.each([false, true])('running sums, reverse %s', (reverse) => {
    const x = tensor(values.subarray(0, 1_999_998), [1, 999_999, 2])
    const expected = total(0, 2, (value, index) => (index < 1_999_998 ? value : 0))
    const [last, first] = [at(cumsum(x, 1), 1_999_996), at(cumsum(x, 1, { reverse: true }), 0)]
    expectWithin(reverse ? first : last, expected, 2e-6)
    const exclusive = cumsum(x, 1, { exclusive: true, reverse })
    expect(at(exclusive, reverse ? 1_999_996 : 0)).toBe(0)
    const end = reverse ? itemAt(values, 0) : itemAt(values, 1_999_996)
    expectWithin(at(exclusive, reverse ? 0 : 1_999_996), expected - end, 2e-6)
  })

  test('rows that are added up at one place', () => {
    const ids = zeros([count], 'int32')
    expectWithin(at(scatterAdd(zeros([1]), ids, tensor(values), 0)), total(0, 1), 2e-6)
    const table = ones([3, 2])
    const places = zeros([count / 2], 'int32')
    const gradient = gradientOf((x) => embedding(places, x), table, tensor(values, [count / 2, 2]))
    expectWithin(at(gradient), total(0, 2), 2e-6)
    expect([...gradient.dataSync()].slice(2)).toEqual([0, 0, 0, 0])
  })

  test('filter gradients, and those of biases', () => {
    const x = tensor(values.subarray(0, count / 2), [1, 1000, 1000, 1])
    const dy = tensor(values, [1, 1000, 1000, 2])
    const [filter, bias] = [ones([3, 3, 1, 2]), ones([2])]
    const run = () => sum(mul(conv2d(x, filter, { padding: 1, bias }), dy))
    const { grads } = valueAndGrads(run, [filter, bias])
    const products = (channel: number) =>
      total(channel, 2, (value, index) => value * itemAt(values, (index - channel) / 2))
    // The tap in the middle sees every pixel.
    expectWithin(at(grads[0], 8), products(0), 1e-5)
    expectWithin(at(grads[0], 9), products(1), 1e-5)
    expectWithin(at(grads[1], 1), total(1, 2), 1e-6)
  })

  test('filter gradients of depthwise convolutions', () => {
    const x = tensor(values, [2, 500, 1000, 2])
    const filter = ones([3, 3, 2, 1])
    const gradient = gradientOf((each) => depthwiseConv2d(x, each, { padding: 1 }), filter, x)
    expectWithin(
      at(gradient, 8),
      total(0, 2, (value) => value * value),
      5e-5,
    )
  })
}, ['tensorflow'])
