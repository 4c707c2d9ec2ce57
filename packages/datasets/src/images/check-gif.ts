import { concatenateBytes } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { expectPixels, type ImageLimits } from './limits.ts'

/** Pixels that a byte can hold at most: the longest string of its dictionary of 4,096, by a code of 12 bits. */
const PIXELS_A_BYTE = (4096 * 8) / 12

/**
 * A GIF with its first picture alone, which is what is decoded of it, and with its end: another thousand pictures, or a
 * file that was cut among them, make no difference.
 *
 * @throws DatasetError naming the file, for one that was cut within its first picture, or that promises more than it holds
 * @see CompuServe 1990, "Graphics Interchange Format, version 89a"
 */
export function checkGif(file: Uint8Array, path: string, limits: ImageLimits = {}): Uint8Array {
  const fail = (reason: string): never => {
    throw new DatasetError(`${path} is damaged or cut off: ${reason}. Replace it, or take it out.`, { path })
  }
  const byte = (at: number): number => file[at] ?? fail('it ends before its first picture does')
  const pair = (at: number): number => byte(at) + 256 * byte(at + 1)
  const colors = (flags: number): number => (flags & 128 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  expectPixels(pair(6), pair(8), path, limits)
  let at = 13 + colors(byte(10))
  const parts = [file.subarray(0, at)]
  for (;;) {
    const begin = at
    const kind = byte(at)
    if (kind === 0x3b) fail('it has no picture')
    if (kind !== 0x21 && kind !== 0x2c) fail(`a block begins with ${kind}`)
    if (kind === 0x21) at += 2
    else {
      expectPixels(pair(at + 5), pair(at + 7), path, limits)
      at += 10 + colors(byte(at + 9)) + 1
    }
    const data = at
    for (;;) {
      const length = file[at]
      if (length === undefined && kind === 0x2c) break // the mark of the end is missing: whether pixels are, the decoder tells
      at += 1 + (length ?? fail('it ends before its first picture'))
      if (length === 0) break
      if (at > file.length) fail('it ends within its first picture')
    }
    if (kind === 0x21) {
      // Only when a picture is shown, and which of its colours is none, matters to it.
      if (byte(begin + 1) === 0xf9) parts.push(file.subarray(begin, at))
      continue
    }
    const pixels = pair(begin + 5) * pair(begin + 7)
    if (pixels > (at - data) * PIXELS_A_BYTE) fail(`its ${at - data} bytes of data cannot hold its ${pixels} pixels`)
    return concatenateBytes([...parts, file.subarray(begin, at), ...(file[at - 1] === 0 ? [] : [TERMINATOR]), TRAILER])
  }
}

const TERMINATOR = Uint8Array.of(0)
const TRAILER = Uint8Array.of(0x3b)
