import { type DecodedPng, decode } from 'fast-png'
import type { SegmentationSample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { checkPng } from './check-png.ts'

interface Mask {
  readonly mask: SegmentationSample['mask']
  readonly height: number
  readonly width: number
}

/**
 * The classes that a PNG holds, one a pixel: its grey values of up to 16 bits, or its places in the palette, as they are
 * in the file. The same code in Node and in the browser, whose own decoders would turn them into colours.
 *
 * @throws DatasetError naming the file, for damage and for colours
 */
export function decodeMask(file: Uint8Array, path: string): Mask {
  checkPng(file, path)
  let png: DecodedPng
  try {
    png = decode(file, { checkCrc: true })
  } catch (error) {
    throw new DatasetError(`${path} is damaged: ${(error as Error).message}. Replace it, or take it out.`, {
      cause: error,
      path,
    })
  }
  const { width, height, depth, channels, data } = png
  if (channels !== 1) {
    throw new DatasetError(
      `${path}: expected a mask of grey values or with a palette, whose numbers are the classes, got ${channels} channels. ` +
        'Convert its colours to classes first.',
      { path },
    )
  }
  if (depth === 16) return { mask: Int32Array.from(data), height, width }
  if (depth === 8) return { mask: data as Uint8Array, height, width }
  return { mask: unpack(data as Uint8Array, height, width, depth), height, width }
}

/** Rows of values of 1, 2 or 4 bits, which begin at whole bytes. */
function unpack(packed: Uint8Array, height: number, width: number, depth: number): Uint8Array {
  const row = Math.ceil((width * depth) / 8)
  const mask = new Uint8Array(height * width)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth
      const byte = packed[y * row + (bit >> 3)] as number
      mask[y * width + x] = (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1)
    }
  }
  return mask
}
