import { DatasetError } from '../dataset-error.ts'
import { inflate } from '../files/inflate.ts'
import { checkPng, type PngHeader, passesOf, rowBytes, rowLength } from './check-png.ts'
import type { ImageLimits } from './limits.ts'

export interface DecodedPng extends PngHeader {
  /** `[height, width, channels]`: values as they are in the file, or places in the palette, one of each channel. */
  readonly data: Uint8Array | Uint16Array
  /** RGB bytes of the palette. */
  readonly colors?: Uint8Array
}

/**
 * The values of a PNG, not turned into colours: of any depth, also interlaced. No more is unpacked than its header
 * promises, and nothing else than its pixels. The same code in Node and in the browser.
 *
 * @throws DatasetError naming the file, for damage, for missing pixels and for more than there may be
 * @see ISO/IEC 15948:2004, "Portable Network Graphics"
 */
export async function decodePng(file: Uint8Array, path: string, limits: ImageLimits = {}): Promise<DecodedPng> {
  const { data: packed, colors, bytes: _, ...header } = await checkPng(file, path, limits)
  const fail = (reason: string, cause?: unknown): never => {
    throw new DatasetError(`${path} is damaged: ${reason}. Replace it, or take it out.`, { cause, path })
  }
  const needed = rowBytes(header)
  const { content, surplus } = await inflate(packed, 'deflate', () => needed).catch((error: Error) =>
    fail(`its pixels do not unpack (${error.message})`, error),
  )
  if (surplus) fail(`it holds more than the ${header.width}×${header.height} pixels that it promises`)
  if (content.length < needed) fail(`it holds ${content.length} of the ${needed} bytes that it promises`)
  const data = header.depth === 16 ? new Uint16Array(valuesIn(header)) : new Uint8Array(valuesIn(header))
  let at = 0
  for (const { x, y, dx, dy, columns, rows } of passesOf(header)) {
    const length = rowLength(header, columns)
    let above: Uint8Array = new Uint8Array(length)
    for (let row = 0; row < rows; row++) {
      const line = content.subarray(at + 1, at + 1 + length)
      unfilter(content[at] as number, line, above, Math.max(1, (header.channels * header.depth) >> 3), fail)
      const first = ((y + row * dy) * header.width + x) * header.channels
      place(line, header, { data, first, step: dx * header.channels, columns })
      above = line
      at += 1 + length
    }
  }
  return { ...header, data, ...(colors && { colors }) }
}

const valuesIn = ({ width, height, channels }: PngHeader): number => width * height * channels

/** Puts the filter of a row back, in place; `size` is the distance to the pixel before. */
function unfilter(
  filter: number,
  row: Uint8Array,
  above: Uint8Array,
  size: number,
  fail: (reason: string) => never,
): void {
  if (filter > 4) fail(`a row has the filter ${filter}, expected 0 … 4`)
  if (filter === 0) return
  for (let at = 0; at < row.length; at++) {
    const left = at < size ? 0 : (row[at - size] as number)
    const up = above[at] as number
    const corner = at < size ? 0 : (above[at - size] as number)
    const guess = filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner)
    row[at] = (row[at] as number) + guess
  }
}

/** Of the three the one that is next to left + up − corner. */
function paeth(left: number, up: number, corner: number): number {
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)]
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}

interface Place {
  readonly data: Uint8Array | Uint16Array
  /** Where the row's first value goes, and how far apart its pixels are. */
  readonly first: number
  readonly step: number
  readonly columns: number
}

function place(row: Uint8Array, { channels, depth }: PngHeader, { data, first, step, columns }: Place): void {
  if (depth === 8 && step === channels) {
    data.set(row, first)
    return
  }
  const most = 2 ** depth - 1
  for (let column = 0; column < columns; column++) {
    for (let channel = 0; channel < channels; channel++) {
      const value = column * channels + channel
      const bit = value * depth
      data[first + column * step + channel] =
        depth === 16
          ? (row[2 * value] as number) * 256 + (row[2 * value + 1] as number)
          : ((row[bit >> 3] as number) >> (8 - depth - (bit & 7))) & most
    }
  }
}
