import { random } from '@ddnet/ops'
import { defined, itemAt } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { imageDataset } from './image-dataset.ts'
import { balancedWeights, weightedSampler } from './samplers.ts'
import { stratifiedSplit } from './stratified-split.ts'
import { subset } from './subset.ts'

const key = random.key(11)
const countsOf = (values: Iterable<number>, size: number) => {
  const counts = new Array<number>(size).fill(0)
  for (const value of values) counts[value] = itemAt(counts, value) + 1
  return counts
}

describe('weightedSampler', () => {
  test('draws in proportion to the weights, and never what weighs nothing', () => {
    const weights = [1, 0, 3, 6]
    const counts = countsOf(weightedSampler({ weights, count: 10_000 }).order(key), 4)
    for (const [index, weight] of weights.entries()) {
      const p = weight / 10
      expect(Math.abs(itemAt(counts, index) - 10_000 * p)).toBeLessThanOrEqual(4 * Math.sqrt(10_000 * p * (1 - p)))
    }
  })

  test('without replacement draws each at most once, the heavy ones first', () => {
    const weights = [0, ...Array.from({ length: 50 }, () => 1), ...Array.from({ length: 50 }, () => 100)]
    const order = weightedSampler({ weights, count: 60, replacement: false }).order(key)
    expect(new Set(order).size).toBe(60)
    expect(order).not.toContain(0)
    expect([...order.subarray(0, 30)].filter((index) => index > 50).length).toBeGreaterThan(25)
    // The first draw is one by weight: of the heavy half with 100 / 101.
    const first = Array.from(
      { length: 500 },
      (_, at) => weightedSampler({ weights, count: 1, replacement: false }).order(key.fold(at))[0],
    )
    expect(first.filter((index) => defined(index) > 50).length).toBeGreaterThan(480)
  })

  test('depends on the key alone', () => {
    const sampler = weightedSampler({ weights: [1, 2, 3] })
    expect(sampler.order(key)).toEqual(sampler.order(random.key(11)))
    expect([sampler.length, sampler.from]).toEqual([3, 3])
  })

  test('refuses what cannot be', () => {
    expect(() => weightedSampler({ weights: [1, -1] })).toThrow('expected weights from 0, got -1 for sample 1')
    expect(() => weightedSampler({ weights: [Number.NaN] })).toThrow('got NaN for sample 0')
    expect(() => weightedSampler({ weights: [0, 0] })).toThrow('weights above 0, got 2 with weights of sum 0')
    expect(() => weightedSampler({ weights: [1, 0], count: 2, replacement: false })).toThrow(
      'from 1 to 1, the samples with a weight',
    )
  })
})

test('balancedWeights gives every class the same sum', () => {
  const labels = [0, 0, 0, 5, 5, 9]
  const weights = balancedWeights(labels)
  const sumOf = (label: number) => labels.reduce((sum, each, at) => sum + (each === label ? itemAt(weights, at) : 0), 0)
  for (const label of [0, 5, 9]) expect(sumOf(label)).toBeCloseTo(1, 12)
})

describe('stratifiedSplit', () => {
  const labels = Array.from({ length: 103 }, (_, at) => (at < 60 ? 0 : at < 100 ? 1 : 2))
  const dataset = imageDataset({ images: new Uint8Array(103), labels, shape: [1, 1, 1] })
  const fractions = [0.7, 0.2, 0.1] as const

  test('has every sample once, and each class in its proportion', async () => {
    const parts = stratifiedSplit(dataset, { fractions, key })
    expect(parts.reduce((total, { length }) => total + length, 0)).toBe(103)
    for (const [part, fraction] of fractions.entries()) {
      const counts = countsOf(Array.from(parts[part]?.labels ?? []), 3)
      for (const [label, all] of [60, 40, 3].entries()) {
        expect(Math.abs(itemAt(counts, label) - fraction * all)).toBeLessThan(2)
      }
      expect(Math.abs((parts[part]?.length ?? 0) - fraction * 103)).toBeLessThan(1)
    }
    const marked = subset({ length: 103, labels, get: async (index) => index }, 103)
    const members = stratifiedSplit(marked, { fractions, key })
    const all = await Promise.all(
      members.flatMap((part) => Array.from({ length: part.length }, (_, at) => part.get(at))),
    )
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 103 }, (_, at) => at))
  })

  test('is another one for another key, and the same for the same', () => {
    const labelled = (seed: number) => {
      const numbers = { length: 103, labels, get: async (index: number) => index, getSync: (index: number) => index }
      const [, , part] = stratifiedSplit(numbers, { fractions, key: random.key(seed) })
      return Array.from({ length: part?.length ?? 0 }, (_, at) => part?.getSync?.(at))
    }
    expect(labelled(1)).toEqual(labelled(1))
    expect(labelled(1)).not.toEqual(labelled(2))
  })

  test('says what it lacks', () => {
    expect(() => stratifiedSplit(dataset, { fractions: [0.5, 0.4], key })).toThrow(
      'expected fractions of sum 1, got [0.5,0.4]',
    )
    expect(() => stratifiedSplit({ length: 3, get: async () => 0 }, { fractions: [1], key })).toThrow(
      'expected 3 labels, one for each sample, got none. Split before `map`, or give the labels.',
    )
  })
})
