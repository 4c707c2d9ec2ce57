import { decode, encode } from 'fast-png'
import { expect, test } from 'vitest'
import { fromPixels } from './from-pixels.ts'
import { decodePng, encodePng } from './png.ts'

test('a PNG decodes to the same pixels', () => {
  const picture = fromPixels([1, 2, 3, 4, 5, 6, 250, 251, 252], 3, 1)
  const decoded = decode(encodePng(picture))
  expect([decoded.width, decoded.height, decoded.channels]).toEqual([3, 1, 4])
  expect([...decoded.data]).toEqual([...picture.data])
})

test('decodePng gives the picture back, and refuses what encodePng does not write', () => {
  const picture = fromPixels([1, 2, 3, 4, 5, 6, 250, 251, 252], 3, 1)
  expect(decodePng(encodePng(picture))).toEqual(picture)
  const gray = encode({ width: 1, height: 1, data: Uint8Array.of(7), channels: 1, depth: 8 })
  expect(() => decodePng(gray)).toThrow('decodePng: expected 4 channels of 8 bits, got 1 of 8.')
})
