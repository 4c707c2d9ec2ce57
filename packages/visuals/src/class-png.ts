import { encode } from 'fast-png'
import { classColor } from './class-overlay.ts'

/** What masks have in the place of what belongs to no class, in many data sets. */
const NO_CLASS = 255

/**
 * The classes of a picture's pixels as the bytes of a PNG file, whose values are the classes: up to 256 with a palette of `classColor`s, 8 bits
 * a pixel, as Pascal VOC has its masks; more as grays of 16 bits. What is below 0, which is ignored, is 255.
 *
 * @param mask `[height, width]`, whole numbers below 65,536
 * @throws RangeError for a class that has no room, and for other than height · width classes
 */
export function encodeClassPng({
  data: classes,
  shape: [height, width],
}: {
  readonly data: ArrayLike<number>
  readonly shape: readonly [height: number, width: number]
}): Uint8Array {
  if (classes.length !== height * width) {
    throw new RangeError(`encodeClassPng: expected ${height} · ${width} classes, got ${classes.length}.`)
  }
  let largest = 0
  for (let at = 0; at < classes.length; at++) largest = Math.max(largest, classes[at] ?? 0)
  if (largest > 65_535) throw new RangeError(`encodeClassPng: expected classes below 65,536, got ${largest}.`)
  const isWide = largest > NO_CLASS
  const data = isWide ? new Uint16Array(classes.length) : new Uint8Array(classes.length)
  for (let at = 0; at < data.length; at++) {
    const label = classes[at] ?? 0
    data[at] = label < 0 ? NO_CLASS : label
  }
  const file = encode({ width, height, channels: 1, depth: isWide ? 16 : 8, data })
  return isWide ? file : withPalette(file)
}

/** Behind the signature and the header: where a palette stands. */
const PALETTE_AT = 8 + 25
/** The header's byte that says what the values are, and the code of places in a palette. */
const COLOR_TYPE_AT = 8 + 8 + 9
const INDEXED = 3

/** A PNG of 8 bits of gray, its grays as places in a palette: what is packed stays as it is. */
function withPalette(gray: Uint8Array): Uint8Array {
  const header = gray.slice(16, PALETTE_AT - 4)
  header[COLOR_TYPE_AT - 16] = INDEXED
  const colors = Array.from({ length: 256 }, (_, label) => classColor(label)).flat()
  const parts = [
    gray.subarray(0, 8),
    chunk('IHDR', header),
    chunk('PLTE', Uint8Array.from(colors)),
    gray.subarray(PALETTE_AT),
  ]
  const file = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    file.set(part, at)
    at += part.length
  }
  return file
}

/** Length, type, data and checksum. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.length)
  bytes.set(new TextEncoder().encode(type), 4)
  bytes.set(data, 8)
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)))
  return bytes
}

/** CRC-32, as PNG has it. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1
  }
  return ~crc >>> 0
}
