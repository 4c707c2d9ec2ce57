import { expect, test } from 'vitest'
import { boxesField, boxLabelsField, imageField, maskField } from '../fields.ts'
import { letterbox } from './letterbox.ts'

const white = (height: number, width: number) => ({
  image: imageField(new Uint8Array(height * width).fill(255), [height, width, 1]),
  mask: maskField(new Uint8Array(height * width).fill(2), [height, width]),
  boxes: boxesField(Float32Array.of(2, 1, 6, 3)),
  boxLabels: boxLabelsField(Int32Array.of(5)),
})

test.each([
  ['wide', 4, 8, 4, [2, 4], [1, 0.5, 3, 1.5]],
  ['high', 8, 4, 16, [16, 8], [4, 2, 8, 6]], // beyond its right edge, and cut to it
])('an image that is %s lies at the top left, its boxes by the same factor', (_, height, width, size, seen, box) => {
  const { image, mask, boxes, boxLabels } = letterbox(size)(white(height, width), {})
  expect([image.shape, mask.shape]).toEqual([
    [size, size, 1],
    [size, size],
  ])
  const isSeen = (at: number) => Math.floor(at / size) < (seen[0] ?? 0) && at % size < (seen[1] ?? 0)
  expect([...image.data]).toEqual(Array.from(image.data, (__, at) => (isSeen(at) ? 255 : 0)))
  expect([...mask.data]).toEqual(Array.from(mask.data, (__, at) => (isSeen(at) ? 2 : 0)))
  expect([[...boxes.data], [...boxLabels.data]]).toEqual([box, [5]])
})

test('a square of another size is resized alone', () => {
  expect(letterbox(2)(white(4, 4), {}).image.data).toEqual(Uint8Array.of(255, 255, 255, 255))
  expect(() => letterbox(0)).toThrow('letterbox')
})
