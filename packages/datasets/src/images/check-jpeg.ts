import { concatenateBytes } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { hasAllValues, type JpegSegment } from './jpeg-scans.ts'
import { expectPixels, type ImageLimits } from './limits.ts'

/** Passes over the picture: encoders make ten, and each takes as long as a whole picture. */
const MAX_SCANS = 100
/** Pixels of all scans together: ten of an image as large as is allowed. */
const MAX_SCANNED = 1e9
/** Zeros at the end that are none of the picture's: what a download that broke off leaves in a file of full size. */
const MAX_ZEROS = 64
/** Blocks of 8×8 pixels that a byte can hold at most: one bit each. */
const BLOCKS_A_BYTE = 8

const [TEM, SOF0, SOF1, SOF2, DHT, JPG, DAC, RST0, RST7] = [0x01, 0xc0, 0xc1, 0xc2, 0xc4, 0xc8, 0xcc, 0xd0, 0xd7]
const [EOI, SOS, APP0, APP14] = [0xd9, 0xda, 0xe0, 0xee]

/**
 * Walks the markers of a JPEG before it is decoded. What browsers pass over is repaired, so that a decoder that refuses
 * every damage refuses missing and damaged pixels alone: a missing end, bytes between the parts and behind the end (also
 * further images), parameters of scans that baseline files must not have, and versions that nobody knows.
 *
 * @throws DatasetError naming the file: for one that was cut so that no pixels, not all scans or not all colours are left;
 * for more pixels than are allowed or than its bytes can hold; and for scans without end
 * @see ITU-T T.81 (1992), annex B
 */
export function checkJpeg(file: Uint8Array, path: string, limits: ImageLimits = {}): Uint8Array {
  const fail = (reason: string): never => {
    throw new DatasetError(`${path} is damaged or cut off: ${reason}. Replace it, or take it out.`, { path })
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const parts: Uint8Array[] = [file.subarray(0, 2)]
  const segments: JpegSegment[] = []
  let repaired = false
  let ended = false
  let frame: Frame | undefined
  let scans = 0
  let scanBytes = 0
  const repair = (segment: Uint8Array, ...changes: [at: number, value: number][]): Uint8Array => {
    if (changes.every(([at, value]) => segment[at] === value)) return segment
    repaired = true
    const copy = Uint8Array.from(segment)
    for (const [at, value] of changes) copy[at] = value
    return copy
  }
  let at = 2
  for (;;) {
    const begin = at
    const found = file.indexOf(0xff, at)
    at = found < 0 ? file.length : found
    while (file[at] === 0xff) at++
    if (at >= file.length) break // without an end
    const marker = file[at++] as number
    if (found > begin || marker === 0 || marker === TEM || (marker >= RST0 && marker <= RST7)) repaired = true
    if (marker === 0 || marker === TEM || (marker >= RST0 && marker <= RST7)) continue
    if (marker === EOI) {
      ended = true
      break
    }
    if (at + 2 > file.length) break
    const length = view.getUint16(at)
    if (at + length > file.length) break
    let segment = file.subarray(at - 2, at + length) // with its marker
    const content = segment.subarray(4)
    at += Math.max(length, 2)
    if (isFrame(marker)) {
      if (frame) fail('it has two frames')
      frame = readFrame(marker, content)
      if (!frame) {
        throw new DatasetError(
          `${path} is a JPEG of a kind that browsers do not show (frame 0x${marker.toString(16)}, ${content[0]} bits): expected 8 bits, baseline or progressive. Save it as one.`,
          { path },
        )
      }
      expectPixels(frame.width, frame.height, path, limits)
    }
    if (marker === APP0 && startsWith(content, 'JFIF\0') && ![1, 2].includes(content[5] as number))
      segment = repair(segment, [9, 1])
    // The colours that every decoder takes for those that it does not know.
    if (marker === APP14 && startsWith(content, 'Adobe') && (content[11] as number) > 2)
      segment = repair(segment, [15, frame?.components.size === 4 ? 2 : 1])
    if (marker === SOS) {
      if (!frame) return fail('its pixels come before their header')
      const scan = readScan(content)
      if (!scan?.components.every((id) => frame?.components.has(id))) fail('the header of a scan is damaged')
      else if (frame.progressive) noteProgress(frame, scan)
      else {
        for (const id of scan.components) frame.components.set(id, new Uint8Array(64))
        const place = 2 + length - 3
        segment = repair(segment, [place, 0], [place + 1, 63], [place + 2, 0])
      }
      if (++scans > MAX_SCANS || scans * frame.width * frame.height > MAX_SCANNED)
        fail(`it passes over its ${frame.width}×${frame.height} pixels ${scans} times and more`)
      const end = endOfScan(file, at)
      const data = file.subarray(at, end)
      scanBytes += end - at
      at = end
      parts.push(segment, data)
      segments.push({ marker, content, data })
    } else {
      parts.push(segment)
      segments.push({ marker, content })
    }
  }
  if (!frame || scans === 0) return fail('it ends before its pixels')
  const { width, height, components } = frame
  if (Math.ceil(width / 8) * Math.ceil(height / 8) > scanBytes * BLOCKS_A_BYTE)
    fail(`its ${scanBytes} bytes of data cannot hold the ${width}×${height} pixels that it promises`)
  if ([...components.values()].some((bits) => bits[0] === UNSEEN)) fail('one of its colours is missing')
  if (ended) return repaired ? concatenateBytes([...parts, END]) : file
  const data = withoutZeros(parts.at(-1) as Uint8Array)
  if ([...components.values()].some((bits) => bits.some((left) => left !== 0))) fail('its last scans are missing')
  if (!hasAllValues([...segments.slice(0, -1), { ...(segments.at(-1) as JpegSegment), data }]))
    fail('its last pixels are missing')
  return concatenateBytes([...parts.slice(0, -1), data, END])
}

const END = Uint8Array.of(0xff, EOI)

interface Frame {
  readonly width: number
  readonly height: number
  readonly progressive: boolean
  /** By each component's identifier: the lowest bit that was sent of each of its 64 coefficients, or `UNSEEN`. */
  readonly components: Map<number, Uint8Array>
}

const UNSEEN = 255

const isFrame = (marker: number): boolean =>
  marker >= SOF0 && marker <= 0xcf && marker !== DHT && marker !== JPG && marker !== DAC

/** Huffman-coded ones of 8 bits alone: lossless, hierarchic and arithmetic ones are shown nowhere. */
function readFrame(marker: number, content: Uint8Array): Frame | undefined {
  const [bits, high, low, wide, narrow, count] = content as unknown as [number, number, number, number, number, number]
  if (![SOF0, SOF1, SOF2].includes(marker) || bits !== 8 || content.length < 6 + 3 * count) return undefined
  const ids = Array.from({ length: count }, (_, at) => content[6 + 3 * at] as number)
  return {
    width: wide * 256 + narrow,
    height: high * 256 + low,
    progressive: marker === SOF2,
    components: new Map(ids.map((id) => [id, new Uint8Array(64).fill(UNSEEN)])),
  }
}

interface Scan {
  readonly components: readonly number[]
  readonly first: number
  readonly last: number
  readonly low: number
}

function readScan(content: Uint8Array): Scan | undefined {
  const count = content[0] ?? 0
  if (count < 1 || count > 4 || content.length !== 4 + 2 * count) return undefined
  const components = Array.from({ length: count }, (_, at) => content[1 + 2 * at] as number)
  const [first, last, bits] = content.subarray(-3) as unknown as [number, number, number]
  return { components, first, last, low: bits & 15 }
}

function noteProgress({ components }: Frame, { components: ids, first, last, low }: Scan): void {
  for (const id of ids) components.get(id)?.fill(low, first, last + 1)
}

/** Where the next marker stands: 0xff that is not a value (before 0) and no restart. */
function endOfScan(file: Uint8Array, begin: number): number {
  for (let at = begin; ; at += 2) {
    at = file.indexOf(0xff, at)
    if (at < 0 || at === file.length - 1) return at < 0 ? file.length : at
    while (file[at + 1] === 0xff) at++
    const next = file[at + 1]
    if (next === undefined) return at
    if (next !== 0 && (next < RST0 || next > RST7)) return at
  }
}

function withoutZeros(scan: Uint8Array): Uint8Array {
  let end = scan.length
  while (scan[end - 1] === 0) end--
  return scan.length - end > MAX_ZEROS ? scan.subarray(0, end) : scan
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  [...text].every((character, at) => bytes[at] === character.charCodeAt(0))
