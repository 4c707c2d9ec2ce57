import { describe, expect, test } from 'vitest'
import { learningRateCurve } from './learning-rate-curve.ts'
import { plain } from './style.ts'

/** A sweep from 1e-6 to 1 of the given smoothed losses. */
const sweep = (losses: readonly number[], suggested?: number) => {
  const points = losses.map((smoothed, index) => ({
    step: index + 1,
    learningRate: 10 ** ((6 * index) / (losses.length - 1) - 6),
    loss: smoothed,
    smoothed,
  }))
  return { points, exploded: false, suggestion: suggested === undefined ? undefined : points[suggested]?.learningRate }
}

describe('the curve of a sweep of learning rates', () => {
  test('has the decades and the suggestion at their places', () => {
    const losses = [...Array.from({ length: 16 }, () => 2), 1.75, 1.5, 1.25, 1, 1, 1, 1, 1, 3]
    expect(learningRateCurve(sweep(losses, 17), 80, plain)).toEqual([
      'loss      ████████████████▆▅▃▁▁▁▁▁█  2.000, least 1.000',
      'rate      1e-6    1e-4    1e-2    1',
      '                    1.8e-2 ▲',
    ])
  })

  test('is no wider than the terminal', () => {
    const losses = Array.from({ length: 500 }, (_, index) => 2 - index / 500)
    for (const columns of [60, 80, 120]) {
      const lines = learningRateCurve(sweep(losses, 250), columns, plain)
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
      expect(lines[0]?.length).toBe(columns - 1)
    }
  })

  test('of a loss that only rises shows the rise, and no suggestion', () => {
    expect(learningRateCurve(sweep([1, 2, 3, 4, 5, 6, 7, 8]), 80, plain)).toEqual([
      'loss      ▁▂▃▄▅▆▇█  1.000, least 1.000',
      'rate      1e-6 1e-2',
    ])
  })
})
