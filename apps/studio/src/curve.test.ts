import { expect, test } from 'vitest'
import { smoothed, ticksUpTo } from './curve.ts'

test.each([
  [1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [2.4, [0, 0.5, 1, 1.5, 2, 2.5]],
  [100, [0, 20, 40, 60, 80, 100]],
  [7, [0, 2, 4, 6, 8]],
])('ticks up to %d are round', (top, expected) => {
  const ticks = ticksUpTo(top)
  expect(ticks.map((tick) => Number(tick.toFixed(6)))).toEqual(expected)
})

test('smoothing starts at the first value and follows', () => {
  const points = [4, 4, 1].map((value, index) => ({ step: index + 1, value }))
  // (0.25 · 4 + 0.5 · 4 + 1) / 1.75
  expect(smoothed(points, 0.5).map(({ value }) => value)).toEqual([4, 4, 4 / 1.75])
})
