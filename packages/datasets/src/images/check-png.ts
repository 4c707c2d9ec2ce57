import { concatenateBytes, crc32 } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { inflate, MAX_INFLATION } from '../files/inflate.ts'
import { expectPixels, type ImageLimits } from './limits.ts'

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10]
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
const DEPTHS: Readonly<Record<number, readonly number[]>> = { 0: [1, 2, 4, 8, 16], 3: [1, 2, 4, 8] }
/** What changes the pixels, or turns them; all else beside the picture is left out before somebody else decodes it. */
const KEPT: ReadonlySet<string> = new Set(['tRNS', 'gAMA', 'cHRM', 'sRGB', 'sBIT', 'cICP', 'iCCP', 'eXIf'])
/** What a colour profile may unpack to. */
const LARGEST_PROFILE = 4 * 2 ** 20

export interface PngHeader {
  readonly width: number
  readonly height: number
  /** Bits of a channel. */
  readonly depth: number
  /** 1 for grey values and places in a palette, 2 for grey with alpha, 3 for RGB, 4 for RGBA. */
  readonly channels: number
  readonly palette: boolean
  readonly interlaced: boolean
}

export interface CheckedPng extends PngHeader {
  /** The compressed pixels. */
  readonly data: readonly Uint8Array[]
  /** RGB bytes of the palette. */
  readonly colors?: Uint8Array
  /** The file, or a copy without what is beside the picture, and with its end. */
  readonly bytes: Uint8Array
}

/**
 * Walks the chunks of a PNG before it is decoded: none may leave the file, the header comes first and once, chunks of the
 * picture have their checksums, and the pixels that it promises must fit into the data that there are. Decoding then
 * allocates no more than these.
 *
 * @throws DatasetError naming the file
 */
export async function checkPng(file: Uint8Array, path: string, limits: ImageLimits = {}): Promise<CheckedPng> {
  const fail = (reason: string): never => {
    throw new DatasetError(`${path} is damaged, or not a PNG: ${reason}. Replace it, or take it out.`, { path })
  }
  if (SIGNATURE.some((byte, at) => file[at] !== byte)) fail('it does not begin as one')
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const kept: Uint8Array[] = [file.subarray(0, SIGNATURE.length)]
  const data: Uint8Array[] = []
  const seen = new Set<string>()
  let header: PngHeader | undefined
  let colors: Uint8Array | undefined
  let repaired = false
  let at = SIGNATURE.length
  for (;;) {
    // Its end is missing.
    if (at + 12 > file.length && data.length > 0) {
      repaired = true
      await expectWhole(data, header as PngHeader, fail)
      kept.push(END)
      break
    }
    if (at + 12 > file.length) fail('it ends within a chunk')
    const length = view.getUint32(at)
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8))
    if (length > file.length - at - 12) fail(`chunk ${JSON.stringify(type)} is longer than the file: it was cut off`)
    if ((type === 'IHDR') !== (header === undefined)) fail('its header is not its first chunk, or not the only one')
    const content = file.subarray(at + 8, at + 8 + length)
    const beside = ((file[at + 4] as number) & 32) !== 0
    if (type === 'IHDR') header = readHeader(content, fail)
    if (type === 'IHDR') expectPixels((header as PngHeader).width, (header as PngHeader).height, path, limits)
    if (!beside && crc32(file.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
      fail(`chunk ${JSON.stringify(type)} has another CRC-32 than it says`)
    if (type === 'IDAT') data.push(content)
    if (type === 'PLTE') colors = content
    if (!beside || (KEPT.has(type) && !seen.has(type) && (await isSmall(type, content)))) {
      kept.push(file.subarray(at, at + 12 + length))
    } else repaired = true
    seen.add(type)
    at += 12 + length
    if (type === 'IEND') break
  }
  if (!header) return fail('it has no header')
  const packed = data.reduce((sum, { length }) => sum + length, 0)
  if (rowBytes(header) > packed * MAX_INFLATION)
    fail(`its ${packed} bytes of data cannot hold the pixels that it promises`)
  return { ...header, data, ...(colors && { colors }), bytes: repaired ? concatenateBytes(kept) : file }
}

const END = Uint8Array.of(0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82)

function readHeader(content: Uint8Array, fail: (reason: string) => never): PngHeader {
  if (content.length !== 13) fail(`its header has ${content.length} bytes instead of 13`)
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  const [depth, type, compression, filter, interlace] = content.subarray(8) as unknown as number[]
  const channels = CHANNELS[type as number] ?? fail(`it has no colour type ${type}`)
  if (!(DEPTHS[type as number] ?? [8, 16]).includes(depth as number))
    fail(`colour type ${type} has no depth of ${depth} bits`)
  if (compression !== 0 || filter !== 0 || (interlace as number) > 1)
    fail(`it is packed in a way that PNG does not have (${compression}, ${filter}, ${interlace})`)
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: depth as number,
    channels,
    palette: type === 3,
    interlaced: interlace === 1,
  }
}

/** One of the images that an interlaced PNG is made of. */
export interface Pass {
  /** Its first column and row in the whole. */
  readonly x: number
  readonly y: number
  /** How far its columns and rows are apart there. */
  readonly dx: number
  readonly dy: number
  readonly columns: number
  readonly rows: number
}

/** The images of an interlaced PNG that have pixels; one for any other. */
export function passesOf({ width, height, interlaced }: PngHeader): Pass[] {
  const adam7 = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const
  return (interlaced ? adam7 : ([[0, 0, 1, 1]] as const))
    .map(([x, y, dx, dy]) => ({
      x,
      y,
      dx,
      dy,
      columns: Math.max(0, Math.ceil((width - x) / dx)),
      rows: Math.max(0, Math.ceil((height - y) / dy)),
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0)
}

/** The bytes of a row of so many pixels, without that of its filter. */
export const rowLength = ({ channels, depth }: PngHeader, columns: number): number =>
  Math.ceil((columns * channels * depth) / 8)

/** What all rows have, with their filters: neither more nor less is unpacked. */
export const rowBytes = (header: PngHeader): number =>
  passesOf(header).reduce((sum, { columns, rows }) => sum + rows * (1 + rowLength(header, columns)), 0)

/** @throws DatasetError by `fail` for one of which pixels are missing */
async function expectWhole(
  data: readonly Uint8Array[],
  header: PngHeader,
  fail: (reason: string) => never,
): Promise<void> {
  const needed = rowBytes(header)
  if (needed > data.reduce((sum, { length }) => sum + length, 0) * MAX_INFLATION) return // is told below
  const { content } = await inflate(data, 'deflate', () => needed).catch(() => fail('it was cut off'))
  if (content.length < needed) fail('it was cut off')
}

async function isSmall(type: string, content: Uint8Array): Promise<boolean> {
  if (type !== 'iCCP' || content.length * MAX_INFLATION <= LARGEST_PROFILE) return true
  const name = content.indexOf(0)
  const unpacked = inflate([content.subarray(name + 2)], 'deflate', () => LARGEST_PROFILE)
  return await unpacked.then(
    ({ surplus }) => !surplus,
    () => false,
  )
}
