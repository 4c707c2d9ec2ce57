import { decode, encode } from 'fast-png'
import type { Picture } from './picture.ts'

/** The picture as the bytes of a PNG file, 8 bits RGBA, lossless. */
export function encodePng({ width, height, data }: Picture): Uint8Array {
  return encode({ width, height, data, channels: 4, depth: 8 })
}

/**
 * A picture of the bytes that `encodePng` gave.
 *
 * @throws RangeError for a PNG of other channels or depth
 */
export function decodePng(bytes: Uint8Array): Picture {
  const { width, height, data, channels, depth } = decode(bytes)
  if (channels === 4 && depth === 8) return { width, height, data: Uint8ClampedArray.from(data) }
  throw new RangeError(`decodePng: expected 4 channels of 8 bits, got ${channels} of ${depth}.`)
}
