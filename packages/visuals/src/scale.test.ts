import { expect, test } from 'vitest'
import { fromPixels } from './from-pixels.ts'
import { scale } from './scale.ts'

test('every pixel becomes a square', () => {
  const picture = scale(fromPixels([10, 20], 2, 1, 1), 2)
  expect([picture.width, picture.height]).toEqual([4, 2])
  const gray = Array.from({ length: 8 }, (_, index) => picture.data[index * 4])
  expect(gray).toEqual([10, 10, 20, 20, 10, 10, 20, 20])
})

test('a factor that is not whole is refused', () => {
  expect(() => scale(fromPixels([1], 1, 1, 1), 1.5)).toThrow('expected a whole factor above 0, got 1.5')
})
