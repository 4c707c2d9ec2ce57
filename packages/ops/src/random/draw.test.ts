import { describe, expect, test } from 'vitest'
import { normalValues, permutation, uniformValues } from './draw.ts'
import { key } from './key.ts'

const moments = (values: Float32Array) => {
  const mean = values.reduce((total, value) => total + value, 0) / values.length
  const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length
  return { mean, variance }
}

describe('random', () => {
  test('one key gives the same numbers twice, and another key others', () => {
    expect(key(42).bits(9)).toEqual(key(42).bits(9))
    expect(key(42).bits(9)).not.toEqual(key(43).bits(9))
  })

  test('derived keys differ from each other and from their parent', () => {
    const parent = key(7)
    const words = [parent, ...parent.split(3), parent.fold(0), parent.fold(1), parent.fold('a')].map((each) =>
      [...each.bits(2)].join(),
    )
    expect(new Set(words).size).toBe(words.length)
  })

  test('uniform numbers have the moments of U[0, 1)', () => {
    const { mean, variance } = moments(uniformValues(key(1), 100_000))
    // five standard errors of each
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 100_000))
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / 100_000))
  })

  test('normal numbers have mean 0 and variance 1', () => {
    const { mean, variance } = moments(normalValues(key(2), 100_001))
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(100_001))
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 100_001))
  })

  test('a permutation holds every number once', () => {
    const order = permutation(key(3), 1000)
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index))
    expect([...order.subarray(0, 5)]).not.toEqual([0, 1, 2, 3, 4])
  })

  test('a seed must be a non-negative safe integer', () => {
    expect(() => key(-1)).toThrow(/got -1/)
    expect(() => key(1.5)).toThrow(/got 1.5/)
  })
})
