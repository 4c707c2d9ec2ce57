import { expect, test } from 'vitest'
import { channelsOf, imagesOf, oneOf, rangeOf } from './values.ts'

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number

test('a range is of finite numbers', () => {
  expect(rangeOf([2, nan, -1, infinity], 'extent')).toEqual([-1, 2])
  expect(rangeOf([2, nan, -3, -infinity], 'symmetric')).toEqual([-3, 3])
  expect(rangeOf([0, 0], 'symmetric')).toEqual([-1, 1])
  expect(rangeOf([nan], 'extent')).toEqual([0, 1])
  expect(rangeOf([], [0, 5])).toEqual([0, 5])
  expect(() => rangeOf([], [5, 5])).toThrow('the lower first, got [5, 5]')
})

test('the first axis is unstacked, the last one split into channels', () => {
  const values = { shape: [2, 1, 3], data: [1, 2, 3, 4, 5, 6] }
  expect(imagesOf(values)).toEqual([
    { shape: [1, 3], data: [1, 2, 3] },
    { shape: [1, 3], data: [4, 5, 6] },
  ])
  expect(channelsOf(values)).toEqual([
    { shape: [2, 1], data: [1, 4] },
    { shape: [2, 1], data: [2, 5] },
    { shape: [2, 1], data: [3, 6] },
  ])
})

test('a batch of one is the one', () => {
  expect(oneOf('heatMap', { shape: [1, 1, 2], data: [1, 2] }, 2, 'plane').shape).toEqual([1, 2])
  expect(() => oneOf('heatMap', { shape: [2, 1, 1], data: [1, 2] }, 2, 'plane')).toThrow(
    'heatMap: expected the values of one plane, got the shape [2,1,1] with 2 values. Take one out of a batch with imagesOf.',
  )
  expect(() => oneOf('heatMap', { shape: [1, 3], data: [1, 2] }, 2, 'plane')).toThrow('with 2 values')
})
