import { toHost } from '@ddnet/ops'
import { describeBackends, itemAt, tuple, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  bernoulli,
  between,
  integer,
  integers,
  normal,
  normalValues,
  permutation,
  truncatedNormal,
  uniform,
} from './draw.ts'
import { key } from './key.ts'

// Random123's known answer for counter 0 and key 0, the first words of key(0).
const words = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]

describeBackends('random', () => {
  const dataOf = async (x: Parameters<typeof toHost>[0]) => [...(await toHost(x)).data]

  test('draws are these bits', async () => {
    const uniforms = words.map((word) => (word >>> 8) / 2 ** 24)
    expect([...key(0).bits(4)]).toEqual(words)
    expect(await dataOf(uniform(key(0), [2, 2]))).toEqual(uniforms)
    expect(await dataOf(uniform(key(0), [4], -1, 3))).toEqual(uniforms.map((value) => Math.fround(4 * value - 1)))
    expect(await dataOf(bernoulli(key(0), [4], 0.7))).toEqual(uniforms.map((value) => (value < 0.7 ? 1 : 0)))
    expect(await dataOf(integers(key(0), [4], -500, 500))).toEqual(
      words.map((word) => Number((BigInt(word) * 1000n) >> 32n) - 500),
    )
  })

  test('normal numbers are the float32 of Box and Muller', async () => {
    const [a, b, c, d] = tuple(
      words.map((word) => word / 2 ** 32),
      4,
    )
    const pair = (u: number, v: number): [number, number] => {
      const radius = Math.sqrt(-2 * Math.log(u + 2 ** -32))
      return [radius * Math.cos(2 * Math.PI * v), radius * Math.sin(2 * Math.PI * v)]
    }
    expect(await dataOf(normal(key(0), [4]))).toEqual([...pair(a, b), ...pair(c, d)].map(Math.fround))
    expect(await dataOf(normal(key(0), [3]))).toEqual([...pair(a, b), pair(c, d)[0]].map(Math.fround))
  })
})

describe('random', () => {
  beforeAll(() => useBackend('cpu'))

  test('one key gives the same numbers twice, and another key others', () => {
    expect(key(42).bits(9)).toEqual(key(42).bits(9))
    expect(key(42).bits(9)).not.toEqual(key(43).bits(9))
  })

  test('more numbers of a key begin with the fewer', () => {
    expect(key(5).bits(1000).subarray(0, 7)).toEqual(key(5).bits(7))
  })

  test('derived keys differ from each other and from their parent', () => {
    const parent = key(7)
    const words = [parent, ...parent.split(3), parent.fold(0), parent.fold(1), parent.fold('a')].map((each) =>
      [...each.bits(2)].join(),
    )
    expect(new Set(words).size).toBe(words.length)
  })

  test('a permutation is Fisher and Yates by the words of the key', () => {
    // From the last place down, each swaps with place ⌊word · (place + 1) / 2³²⌋ or stays: 3 with 2, 2 with 2, 1 with 1.
    expect(words.map((word, place) => Math.floor((word / 2 ** 32) * (place + 1)))).toEqual([0, 1, 2, 2])
    expect([...permutation(key(0), 4)]).toEqual([0, 1, 3, 2])
  })

  test('a permutation holds every number once', () => {
    const order = permutation(key(3), 1000)
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index))
    expect([...order.subarray(0, 5)]).not.toEqual([0, 1, 2, 3, 4])
    expect([...permutation(key(3), 0)]).toEqual([])
  })

  test('a uniform number never rounds up to the bound', () => {
    const largest = 1 - 2 ** -24
    expect(between(largest, 0, 1)).toBe(largest)
    expect(between(largest, 1, 2)).toBe(2 - 2 ** -23)
    expect(between(largest, -3, -2)).toBe(-2 - 2 ** -22)
    expect(between(largest, -1, 0)).toBe(-(2 ** -24))
    expect(between(largest, 0.5, 1)).toBe(largest)
    expect(between(largest, 5, 5)).toBe(5)
    // Below zero comes the smallest of all.
    expect(between(largest, -(2 ** -149), 0)).toBe(-(2 ** -149))
    expect(between(largest, -Number.MIN_VALUE, 0)).toBe(-(2 ** -149))
  })

  test('an integer below 2³² is the word, and below 2³¹ its upper bits', () => {
    expect(integer(key(0), 2 ** 32)).toBe(words[0])
    expect(integer(key(0), 2 ** 31)).toBe(itemAt(words, 0) >>> 1)
    expect(integer(key(0), 1)).toBe(0)
  })

  test('integers reach over all 32 bits', async () => {
    const drawn = integers(key(0), [4], -(2 ** 31), 2 ** 31)
    expect([drawn.dtype, ...(await drawn.data())]).toEqual(['int32', ...words.map((word) => word - 2 ** 31)])
  })

  test('a truncated normal number beyond 2 is drawn again with the key that its redraw folds', async () => {
    const size = 200
    const outside = (values: Float32Array): number[] =>
      [...values.keys()].filter((index) => Math.abs(itemAt(values, index)) > 2)
    const expected = normalValues(key(3), size)
    let redraws = 0
    for (let left = outside(expected); left.length > 0; left = outside(expected)) {
      const fresh = normalValues(key(3).fold(redraws++), left.length)
      for (const [position, index] of left.entries()) expected[index] = itemAt(fresh, position)
    }
    expect(redraws).toBeGreaterThan(1)
    const drawn = await truncatedNormal(key(3), [size], 5, 0.5).data()
    expect([...drawn]).toEqual([...expected].map((value) => Math.fround(5 + value * 0.5)))
  })

  test('probabilities 0 and 1 leave nothing to chance', async () => {
    expect(new Set(await bernoulli(key(1), [500], 0).data())).toEqual(new Set([0]))
    expect(new Set(await bernoulli(key(1), [500], 1).data())).toEqual(new Set([1]))
  })
})

describe('random refuses', () => {
  test('a seed that is not a non-negative safe integer', () => {
    expect(() => key(-1)).toThrow(/got -1/)
    expect(() => key(1.5)).toThrow(/got 1.5/)
  })

  test('what has no such numbers', () => {
    const one = key(1)
    expect(() => uniform(one, [2], 1, 0)).toThrow(/expected min ≤ max, got 1 and 0/)
    expect(() => normal(one, [2], 0, -1)).toThrow(/random.normal: expected std ≥ 0, got -1/)
    expect(() => truncatedNormal(one, [2], 0, Number.NaN)).toThrow(/random.truncatedNormal: expected std ≥ 0, got NaN/)
    expect(() => integer(one, 0)).toThrow(/an integer from 1 to 2³², got 0/)
    expect(() => integers(one, [2], 3, 3)).toThrow(/expected 32-bit integers min < max, got 3 and 3/)
    expect(() => integers(one, [2], 0, 2 ** 31 + 1)).toThrow(/got 0 and 2147483649/)
    expect(() => permutation(one, 2.5)).toThrow(/non-negative integer, got 2.5/)
    expect(() => bernoulli(one, [2], 1.1)).toThrow(/a probability from 0 to 1, got 1.1/)
  })
})
