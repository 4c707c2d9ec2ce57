import { expect, test } from 'vitest'
import { fromPixels } from './from-pixels.ts'

test('RGB gets an opaque alpha', () => {
  expect([...fromPixels([1, 2, 3, 4, 5, 6], 2, 1).data]).toEqual([1, 2, 3, 255, 4, 5, 6, 255])
})

test('gray fills three channels, RGBA stays as it is', () => {
  expect([...fromPixels([9], 1, 1, 1).data]).toEqual([9, 9, 9, 255])
  expect([...fromPixels([1, 2, 3, 4], 1, 1, 4).data]).toEqual([1, 2, 3, 4])
})

test('a wrong count of bytes is named', () => {
  expect(() => fromPixels([1, 2], 1, 1)).toThrow('expected 1×1×3 = 3 bytes, got 2')
  expect(() => fromPixels([1, 2], 1, 1, 2)).toThrow('expected 1, 3 or 4 channels, got 2')
})
