import { DatasetError } from '../dataset-error.ts'
import type { ImageField } from '../fields.ts'
import { expectPixels, type ImageLimits } from './limits.ts'

const FILE_HEADER = 14
const RGB = 0
const BIT_FIELDS = 3
const ALPHA_BIT_FIELDS = 6

/** Blue, green and red in the order of their bytes, as all but exotic writers have them. */
const MASKS = [0x00ff0000, 0x0000ff00, 0x000000ff] as const
const ALPHA = 0xff000000

/**
 * A BMP as RGB bytes, on white where it is transparent: uncompressed, of 1, 4 or 8 bits with a palette, or of 24 or 32 bits. The same
 * code in Node and in the browser, for sharp reads none, and browsers differ in what they make of the fourth byte.
 *
 * @throws DatasetError naming the file, for another kind, for missing pixels and for more than there may be
 * @see Microsoft, "Bitmap Storage": BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER
 */
export function decodeBmp(file: Uint8Array, path: string, limits: ImageLimits = {}): ImageField<Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const damaged = (reason: string): never => {
    throw new DatasetError(`${path} is a BMP that is damaged or cut off: ${reason}. Replace it, or take it out.`, {
      path,
    })
  }
  const unread = (kind: string): never => {
    throw new DatasetError(
      `${path} is a BMP of ${kind}. Expected an uncompressed one of 1, 4, 8, 24 or 32 bits. Save it as a PNG.`,
      { path },
    )
  }
  const header = file.length < FILE_HEADER + 4 ? 0 : view.getUint32(FILE_HEADER, true)
  const isCore = header === 12
  if (!isCore && header < 40) damaged(`it has a header of ${header} bytes`)
  if (file.length < FILE_HEADER + header) damaged('it ends within its header')
  const field = (core: number, other: number): number =>
    isCore ? view.getUint16(FILE_HEADER + core, true) : view.getInt32(FILE_HEADER + other, true)
  const [width, signedHeight] = [field(4, 4), field(6, 8)]
  const height = Math.abs(signedHeight) // below zero, its first row is the topmost
  const bits = view.getUint16(FILE_HEADER + (isCore ? 10 : 14), true)
  const compression = isCore ? RGB : view.getUint32(FILE_HEADER + 16, true)
  expectPixels(width, height, path, limits)

  const hasMasks = compression === BIT_FIELDS || compression === ALPHA_BIT_FIELDS
  if (compression !== RGB && !hasMasks) unread(`the compression ${compression}`)
  if (![1, 4, 8, 24, 32].includes(bits) || (hasMasks && bits !== 32)) unread(`${bits} bits a pixel`)
  // The masks of the colours belong to larger headers, and stand behind the smallest.
  const behind = header === 40 && hasMasks ? (compression === ALPHA_BIT_FIELDS ? 16 : 12) : 0
  if (file.length < FILE_HEADER + header + behind) damaged('it ends within its header')
  const maskAt = (index: number): number => view.getUint32(FILE_HEADER + 40 + 4 * index, true)
  if (hasMasks && MASKS.some((mask, index) => maskAt(index) !== mask)) unread('colours of other bits than bytes')
  const hasAlpha = hasMasks && (header > 52 || behind === 16) && maskAt(3) === ALPHA

  const start = view.getUint32(10, true)
  const rowBytes = Math.floor((bits * width + 31) / 32) * 4
  const needed = start + rowBytes * height
  if (file.length < needed) damaged(`it has ${file.length} of the ${needed} bytes that it promises`)

  const palette = FILE_HEADER + header + behind
  const entryBytes = isCore ? 3 : 4
  const told = isCore || bits > 8 ? 0 : view.getUint32(FILE_HEADER + 32, true)
  const colors = bits > 8 ? 0 : told === 0 ? 2 ** bits : told
  if (colors > 2 ** bits || palette + colors * entryBytes > start) damaged(`its palette has ${colors} colours`)

  const data = new Uint8Array(width * height * 3)
  // Some writers leave the fourth byte at 0 everywhere and mean opaque, as browsers take it.
  const isOpaque = !hasAlpha || !hasVisible(file, { start, rowBytes, width, height })
  for (let y = 0; y < height; y++) {
    const row = start + (signedHeight < 0 ? y : height - 1 - y) * rowBytes
    for (let x = 0, to = y * width * 3; x < width; x++, to += 3) {
      let from: number
      if (bits > 8) from = row + (x * bits) / 8
      else {
        const bit = x * bits
        const color = ((file[row + (bit >> 3)] as number) >> (8 - bits - (bit & 7))) & (2 ** bits - 1)
        if (color >= colors) damaged(`a pixel has colour ${color} of ${colors}`)
        from = palette + color * entryBytes
      }
      const alpha = isOpaque ? 255 : (file[from + 3] as number)
      for (let channel = 0; channel < 3; channel++) {
        const value = file[from + 2 - channel] as number
        data[to + channel] = alpha === 255 ? value : Math.round((value * alpha + 255 * (255 - alpha)) / 255)
      }
    }
  }
  return { kind: 'image', data, shape: [height, width, 3] }
}

interface Rows {
  readonly start: number
  readonly rowBytes: number
  readonly width: number
  readonly height: number
}

function hasVisible(file: Uint8Array, { start, rowBytes, width, height }: Rows): boolean {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (file[start + y * rowBytes + 4 * x + 3] !== 0) return true
  }
  return false
}
