import { crc32 } from '@ddnet/ops/checks'
import type { ImageShape } from '../fields.ts'

/**
 * How a photo lies in its file, as EXIF says it: 1 upright, 2 mirrored, 3 on its head, 4 mirrored on its head, 5 to 8 on its
 * side, for which width and height change places when it is turned.
 *
 * @see CIPA DC-008, "Exchangeable image file format", tag 0x0112
 */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

const ORIENTATION_TAG = 0x0112
const SHORT = 3

/** The orientation that decoders turn an image by: of JPEG, PNG, WebP and TIFF. AVIF has its own, which nobody sees. */
export const orientationOf = (file: Uint8Array): Orientation => find(file)?.orientation ?? 1

/** The same image, upright as it lies in its file: not every browser turns every format. */
export function withoutOrientation(file: Uint8Array): Uint8Array {
  const found = find(file)
  if (found === undefined) return file
  const copy = new Uint8Array(file)
  new DataView(copy.buffer).setUint16(found.at, 1, found.little)
  // The checksum of a PNG's chunk would now be wrong.
  if (textAt(file, 0, 4) === '\x89PNG') {
    const view = new DataView(copy.buffer)
    const chunk = chunkAround(copy, found.at)
    const end = chunk + 8 + view.getUint32(chunk)
    view.setUint32(end, crc32(copy.subarray(chunk + 4, end)))
  }
  return copy
}

/** Where the chunk of a PNG begins that a byte lies in. */
function chunkAround(png: Uint8Array, byte: number): number {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  let at = 8
  while (at + 12 + view.getUint32(at) <= byte) at += 12 + view.getUint32(at)
  return at
}

/** Where the orientation stands, in which order of bytes, and what it is. */
interface Found {
  readonly at: number
  readonly little: boolean
  readonly orientation: Orientation
}

function find(file: Uint8Array): Found | undefined {
  const exif = exifOf(file)
  const found = exif && orientationIn(exif)
  return exif && found && { ...found, at: exif.byteOffset - file.byteOffset + found.at }
}

/** Whether width and height change places. */
export const isOnSide = (orientation: Orientation): boolean => orientation >= 5

const textAt = (file: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...file.subarray(at, at + length))

const EXIF_MARK = 'Exif\0\0'

/** What EXIF is written as, which is a TIFF file of tags alone. */
function exifOf(file: Uint8Array): Uint8Array | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const beginning = textAt(file, 0, 4)
  if (beginning === 'II*\0' || beginning === 'MM\0*') return file
  if (beginning === '\x89PNG') {
    for (let at = 8; at + 12 <= file.length; at += 12 + view.getUint32(at)) {
      if (textAt(file, at + 4, 4) === 'eXIf') return file.subarray(at + 8, at + 8 + view.getUint32(at))
    }
    return undefined
  }
  if (beginning === 'RIFF') {
    for (let at = 12; at + 8 <= file.length; at += 8 + 2 * Math.ceil(view.getUint32(at + 4, true) / 2)) {
      if (textAt(file, at, 4) !== 'EXIF') continue
      const content = file.subarray(at + 8, at + 8 + view.getUint32(at + 4, true))
      return textAt(content, 0, 6) === EXIF_MARK ? content.subarray(6) : content
    }
    return undefined
  }
  if (file[0] !== 0xff || file[1] !== 0xd8) return undefined
  for (let at = 2; at + 4 <= file.length; ) {
    if (file[at] !== 0xff) return undefined
    const marker = file[at + 1] as number
    if (marker === 0xff)
      at++ // filling
    else if (marker === 0xda || marker === 0xd9)
      return undefined // the pixels, or the end
    else if (marker === 0xe1 && textAt(file, at + 4, 6) === EXIF_MARK) {
      return file.subarray(at + 10, at + 2 + view.getUint16(at + 2))
    } else at += marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8) ? 2 : 2 + view.getUint16(at + 2)
  }
  return undefined
}

/** The tag in the first directory; nothing where it is not there, or is damaged. */
function orientationIn(exif: Uint8Array): Found | undefined {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength)
  const little = exif[0] === 0x49
  if (exif.length < 8) return undefined
  const start = view.getUint32(4, little)
  if (start + 2 > exif.length) return undefined
  const count = view.getUint16(start, little)
  for (let at = start + 2; at + 12 <= Math.min(exif.length, start + 2 + 12 * count); at += 12) {
    if (view.getUint16(at, little) !== ORIENTATION_TAG || view.getUint16(at + 2, little) !== SHORT) continue
    const value = view.getUint16(at + 8, little)
    return value >= 1 && value <= 8 ? { at: at + 8, little, orientation: value as Orientation } : undefined
  }
  return undefined
}

/** The size of an image as it lies in its file. */
export const storedSize = ([height, width]: ImageShape, orientation: Orientation): [height: number, width: number] =>
  isOnSide(orientation) ? [width, height] : [height, width]

/** Where a point of an image of `height × width` comes to lie when it is turned upright. */
function turnedPoint(
  [x, y]: readonly [x: number, y: number],
  [height, width]: readonly [height: number, width: number],
  orientation: Orientation,
): [x: number, y: number] {
  const points: Record<Orientation, [x: number, y: number]> = {
    1: [x, y],
    2: [width - x, y],
    3: [width - x, height - y],
    4: [x, height - y],
    5: [y, x],
    6: [height - y, x],
    7: [height - y, width - x],
    8: [y, width - x],
  }
  return points[orientation]
}

export type Box = readonly [left: number, top: number, right: number, bottom: number]

/** A box on an image of `height × width`, turned with it. */
export function turnedBox(
  [left, top, right, bottom]: Box,
  size: readonly [height: number, width: number],
  orientation: Orientation,
): Box {
  const [x1, y1] = turnedPoint([left, top], size, orientation)
  const [x2, y2] = turnedPoint([right, bottom], size, orientation)
  return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)]
}

/** The pixels of an image or a mask of `height × width`, turned upright. */
export function turnedPixels<M extends Uint8Array | Int32Array>(
  pixels: M,
  [height, width]: readonly [height: number, width: number],
  orientation: Orientation,
  channels = 1,
): M {
  if (orientation === 1) return pixels
  const turned = pixels.slice() as M // slice keeps the type
  const turnedWidth = isOnSide(orientation) ? height : width
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // Pixels are squares, of which the middle is turned.
      const [toX, toY] = turnedPoint([x + 0.5, y + 0.5], [height, width], orientation)
      const [from, to] = [y * width + x, Math.floor(toY) * turnedWidth + Math.floor(toX)]
      for (let channel = 0; channel < channels; channel++)
        turned[to * channels + channel] = pixels[from * channels + channel] as number
    }
  }
  return turned
}

/**
 * What annotations of photos that EXIF turns refer to: the image as it lies in its file (`stored`, what Pillow,
 * pycocotools and torchvision read without being told otherwise), or as people see it (`upright`, what labelling tools in
 * browsers show).
 */
export type Frame = 'stored' | 'upright'

/**
 * The frame that a size belongs to: the one which has it. Where both have it (a square, or a photo that is mirrored or on its
 * head) it is `preferred`; nothing where neither has.
 */
export function frameOf(
  [height, width]: readonly [height: number, width: number],
  upright: ImageShape,
  orientation: Orientation,
  preferred: Frame,
): Frame | undefined {
  const [storedHeight, storedWidth] = storedSize(upright, orientation)
  const fits = {
    stored: height === storedHeight && width === storedWidth,
    upright: height === upright[0] && width === upright[1],
  }
  if (fits.stored && fits.upright) return preferred
  return fits.stored ? 'stored' : fits.upright ? 'upright' : undefined
}
