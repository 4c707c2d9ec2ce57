import { tidy } from '@ddnet/ops'
import { itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { bernoulli, integers, normal, permutation, truncatedNormal, uniform, uniformValues } from './draw.ts'
import { key } from './key.ts'

// Each statistic stays below what one true sample in a thousand exceeds. The keys are the first ones that were tried.
const size = 100_000
const normalLimit = 3.2905 // |z| at 0.999, two-sided
/** Of χ² at 0.999, by degrees of freedom. */
const chiSquareLimit: Record<number, number> = { 9: 27.88, 99: 148.23, 119: 172.42, 255: 330.52 }

interface Moments {
  mean: number
  /** The central moments of orders 2, 4 and 6; those of order 3 and 5 are 0. */
  central: [number, number, number]
}

/** Mean, variance and skewness, each as a number of its standard errors. */
function deviations(values: ArrayLike<number>, { mean, central: [m2, m4, m6] }: Moments): number[] {
  const n = values.length
  let [first, second, third] = [0, 0, 0]
  for (let i = 0; i < n; i++) first += itemAt(values, i) / n
  for (let i = 0; i < n; i++) {
    const distance = itemAt(values, i) - first
    second += distance ** 2 / n
    third += distance ** 3 / n
  }
  return [
    (first - mean) / Math.sqrt(m2 / n),
    (second - m2) / Math.sqrt((m4 - m2 ** 2) / n),
    third / Math.sqrt((m6 - 6 * m2 * m4 + 9 * m2 ** 3) / n),
  ]
}

/** Kolmogorov's statistic over its limit at 0.999, in Stephens' form for finite samples. */
function kolmogorov(values: ArrayLike<number>, distribution: (x: number) => number): number {
  const sorted = Float64Array.from(values).sort()
  const n = sorted.length
  const distance = sorted.reduce((most, value, i) => {
    const at = distribution(value)
    return Math.max(most, at - i / n, (i + 1) / n - at)
  }, 0)
  return (distance * (Math.sqrt(n) + 0.12 + 0.11 / Math.sqrt(n))) / Math.sqrt(-Math.log(0.001 / 2) / 2)
}

/** χ² of counts that should be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, each) => sum + each, 0) / counts.length
  return counts.reduce((sum, each) => sum + (each - expected) ** 2 / expected, 0)
}

function expectEven(places: Iterable<number>, count: number): void {
  const counts = Array.from({ length: count }, () => 0)
  for (const place of places) counts[place] = itemAt(counts, place) + 1
  expect(chiSquare(counts)).toBeLessThan(chiSquareLimit[count - 1] as number)
}

/** Φ. @see Marsaglia 2004, "Evaluating the normal distribution" */
function normalDistribution(x: number): number {
  if (Math.abs(x) > 7) return x > 0 ? 1 : 0
  let [sum, term] = [x, x]
  for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
    term *= x ** 2 / k
    sum += term
  }
  return 0.5 + sum * density(x)
}
const density = (x: number): number => Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI)

/** Of a normal variable given |x| ≤ 2: `m_k = (k − 1) m_{k−2} − 2 · 2^{k−1} φ(2) / (2 Φ(2) − 1)`. */
function truncatedMoments(): [number, number, number] {
  const edge = (2 * density(2)) / (2 * normalDistribution(2) - 1)
  const second = 1 - 2 * edge
  const fourth = 3 * second - 8 * edge
  return [second, fourth, 5 * fourth - 32 * edge]
}

describe('the distribution of', () => {
  beforeAll(() => useBackend('cpu'))
  const draw = (make: () => ReturnType<typeof uniform>): Promise<ArrayLike<number>> => {
    const x = tidy(make)
    return x.data().finally(() => x.dispose())
  }

  test('uniform numbers', async () => {
    const values = await draw(() => uniform(key(1), [size], -1, 3))
    const central: Moments['central'] = [4 ** 2 / 12, 4 ** 4 / 80, 4 ** 6 / 448]
    for (const z of deviations(values, { mean: 1, central })) expect(Math.abs(z)).toBeLessThan(normalLimit)
    expect(kolmogorov(values, (x) => (x + 1) / 4)).toBeLessThan(1)
  })

  test('normal numbers', async () => {
    const values = await draw(() => normal(key(2), [size + 1], 5, 2))
    const central: Moments['central'] = [2 ** 2, 3 * 2 ** 4, 15 * 2 ** 6]
    for (const z of deviations(values, { mean: 5, central })) expect(Math.abs(z)).toBeLessThan(normalLimit)
    expect(kolmogorov(values, (x) => normalDistribution((x - 5) / 2))).toBeLessThan(1)
  })

  test('truncated normal numbers', async () => {
    const values = await draw(() => truncatedNormal(key(3), [size]))
    for (const z of deviations(values, { mean: 0, central: truncatedMoments() })) {
      expect(Math.abs(z)).toBeLessThan(normalLimit)
    }
    const outside = normalDistribution(-2)
    expect(kolmogorov(values, (x) => (normalDistribution(x) - outside) / (1 - 2 * outside))).toBeLessThan(1)
    expect(Array.from(values).every((value) => Math.abs(value) <= 2)).toBe(true)
  })

  test.each([0.1, 0.5, 0.9])('masks of probability %d', async (probability) => {
    const values = await draw(() => bernoulli(key(4), [size], probability))
    const ones = Array.from(values).reduce((sum, value) => sum + value, 0)
    const z = (ones - size * probability) / Math.sqrt(size * probability * (1 - probability))
    expect(Math.abs(z)).toBeLessThan(normalLimit)
  })

  test('integers', async () => {
    expectEven(
      Array.from(await draw(() => integers(key(5), [size], -3, 7)), (value) => value + 3),
      10,
    )
    expectEven(Array.from(await draw(() => integers(key(6), [size], 0, 100))), 100)
  })

  test('neighbours: pairs of numbers fall evenly into 16 × 16 squares', () => {
    const values = uniformValues(key(7), 2 * size)
    const square = (i: number): number =>
      Math.floor(itemAt(values, 2 * i) * 16) * 16 + Math.floor(itemAt(values, 2 * i + 1) * 16)
    expectEven(
      Array.from({ length: size }, (_, i) => square(i)),
      256,
    )
  })

  test.each([0, 8, 16, 24])('bits %d to %d + 8 of a word', (shift) => {
    expectEven(
      Array.from(key(8).bits(size), (word) => (word >>> shift) & 255),
      256,
    )
  })

  test('the first numbers of derived keys', () => {
    const parent = key(9)
    const folded = Array.from({ length: 10_000 }, (_, i) => itemAt(uniformValues(parent.fold(i), 1), 0))
    expect(kolmogorov(folded, (x) => x)).toBeLessThan(1)
    const split = parent.split(10_000).map((each) => itemAt(uniformValues(each, 1), 0))
    expect(kolmogorov(split, (x) => x)).toBeLessThan(1)
    const seeds = Array.from({ length: 10_000 }, (_, seed) => itemAt(uniformValues(key(seed), 1), 0))
    expect(kolmogorov(seeds, (x) => x)).toBeLessThan(1)
    // Neither is a number of one key a hint to that of the next.
    const products = folded.slice(1).map((value, i) => (value - 0.5) * (itemAt(folded, i) - 0.5))
    const correlation = products.reduce((sum, each) => sum + each, 0) / Math.sqrt(products.length / 144)
    expect(Math.abs(correlation)).toBeLessThan(normalLimit)
  })

  test('permutations: each of the 120 of five numbers is as frequent', () => {
    const places = Array.from({ length: 24_000 }, (_, i) => {
      const order = permutation(key(10).fold(i), 5)
      // The number of the permutation in the factorial system.
      return order.reduce(
        (rank, value, at) => rank * (5 - at) + order.subarray(at + 1).filter((later) => later < value).length,
        0,
      )
    })
    expectEven(places, 120)
  })
})
