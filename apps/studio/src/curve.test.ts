import { expect, test } from 'vitest'
import { formatTick, smoothed, ticksOver } from './curve.ts'

test.each([
  [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [0, 2.4, [0, 0.5, 1, 1.5, 2, 2.5]],
  [0, 100, [0, 20, 40, 60, 80, 100]],
  [0, 7, [0, 2, 4, 6, 8]],
  [14.2, 19.8, [14, 16, 18, 20]],
  [-0.3, 0.4, [-0.4, -0.2, 0, 0.2, 0.4]],
  [0, 0.012, [0, 0.0025, 0.005, 0.0075, 0.01, 0.0125]],
])('ticks from %d to %d are round, and hold both', (low, high, expected) => {
  const ticks = ticksOver(low, high)
  expect(ticks.map((tick) => Number(tick.toFixed(6)))).toEqual(expected)
})

test.each([
  [0.0025, 0.0025, '0.0025'],
  [14, 2, '14'],
  [2.5, 2.5, '2.5'],
  [0.6000000000000001, 0.2, '0.6'],
])('a tick of %d, its neighbours %d apart, is %s', (value, gap, text) => {
  expect(formatTick(value, gap)).toBe(text)
})

test('smoothing starts at the first value and follows', () => {
  const points = [4, 4, 1].map((value, index) => ({ step: index + 1, value }))
  // (0.25 · 4 + 0.5 · 4 + 1) / 1.75
  expect(smoothed(points, 0.5).map(({ value }) => value)).toEqual([4, 4, 4 / 1.75])
})
