import { decode } from 'fast-png'
import { expect, test } from 'vitest'
import { fromPixels } from './from-pixels.ts'
import { encodePng } from './png.ts'

test('a PNG decodes to the same pixels', () => {
  const picture = fromPixels([1, 2, 3, 4, 5, 6, 250, 251, 252], 3, 1)
  const decoded = decode(encodePng(picture))
  expect([decoded.width, decoded.height, decoded.channels]).toEqual([3, 1, 4])
  expect([...decoded.data]).toEqual([...picture.data])
})
