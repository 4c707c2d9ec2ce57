import { expect, test } from 'vitest'
import { blank, fill, paste } from './picture.ts'

const pixel = (picture: { width: number; data: Uint8ClampedArray }, x: number, y: number) => [
  ...picture.data.subarray((y * picture.width + x) * 4, (y * picture.width + x) * 4 + 4),
]

test('a blank picture is one opaque color', () => {
  expect([...blank(2, 1, [1, 2, 3]).data]).toEqual([1, 2, 3, 255, 1, 2, 3, 255])
})

test('a side of zero or half a pixel is refused', () => {
  expect(() => blank(0, 3, [0, 0, 0])).toThrow('expected a whole width above 0, got 0')
  expect(() => blank(3, 1.5, [0, 0, 0])).toThrow('expected a whole height above 0, got 1.5')
})

test('a rectangle reaching over the edge paints what lies inside', () => {
  const picture = blank(3, 3, [0, 0, 0])
  fill(picture, { x: 2, y: -1, width: 5, height: 2 }, [9, 9, 9])
  expect(pixel(picture, 2, 0)).toEqual([9, 9, 9, 255])
  expect(pixel(picture, 1, 0)).toEqual([0, 0, 0, 255])
  expect(pixel(picture, 2, 1)).toEqual([0, 0, 0, 255])
})

test('paste cuts off what lies outside, on every side', () => {
  const target = blank(2, 2, [0, 0, 0])
  const source = blank(2, 2, [5, 5, 5])
  fill(source, { x: 1, y: 1, width: 1, height: 1 }, [7, 7, 7])
  paste(target, source, -1, -1)
  expect(pixel(target, 0, 0)).toEqual([7, 7, 7, 255])
  expect(pixel(target, 1, 1)).toEqual([0, 0, 0, 255])
  paste(target, source, 1, 1)
  expect(pixel(target, 1, 1)).toEqual([5, 5, 5, 255])
  paste(target, source, 2, 0)
  expect(pixel(target, 0, 0)).toEqual([7, 7, 7, 255])
})
