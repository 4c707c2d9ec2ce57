import { errorMessage, itemAt, tuple } from '@ddnet/ops/checks'
import { BEGINNING, mistakenFor } from '../mistaken.ts'
import { show } from '../show.ts'
import { fileType } from './dtypes.ts'
import { SafetensorsError } from './safetensors-error.ts'
import { scanJson } from './scan-json.ts'

/** The limit of the reference implementation. */
const longestHeader = 100_000_000
/** An entry's list in the entry in the header. */
const DEPTH = 3

/** How much of a file tells where its header ends, and what it is instead of a safetensors file. */
export const firstBytes: number = BEGINNING

/** Where a tensor's values stand. */
export interface Entry {
  readonly name: string
  /** Ours where we read it, and the file's own name of it (`F4`) where we do not. */
  readonly dtype: string
  /** The name in the file. */
  readonly code: string
  readonly shape: readonly number[]
  /** In bytes of the file. */
  readonly begin: number
  readonly end: number
}

export interface Header {
  readonly entries: readonly Entry[]
  readonly metadata: Record<string, string>
}

/** Whether the first 8 bytes, and the ninth where it is there, can be those of a file of so many. */
export function canBegin(first: Uint8Array, fileBytes: number): boolean {
  if (first.length < 8) return false
  const length = lengthIn(first)
  return length > 0 && length <= longestHeader && 8 + length <= fileBytes && (first[8] ?? 0x7b) === 0x7b
}

const lengthIn = (first: Uint8Array): number =>
  Number(new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true))

/** Where the header of a file of `fileBytes` bytes ends, by the file's first bytes: 8, or `firstBytes` if it cannot begin so. */
export function headerEnd(first: Uint8Array, fileBytes: number): number {
  if (canBegin(first, fileBytes)) return 8 + lengthIn(first)
  const mistaken = mistakenFor(first, 'safetensors')
  if (mistaken !== undefined && !mistaken.startsWith('a safetensors file'))
    throw new SafetensorsError(`this is not a safetensors file, but ${mistaken}`)
  if (first.length < 8) throw new SafetensorsError(`the file has ${fileBytes} bytes, fewer than the 8 of its length.`)
  const length = lengthIn(first)
  if (length > longestHeader) {
    throw new SafetensorsError(
      `the header would have ${length} bytes; at most ${longestHeader} are allowed. This is probably not a safetensors file.`,
    )
  }
  if (8 + length > fileBytes) {
    throw new SafetensorsError(
      `the header ends at byte ${8 + length}, but the file has ${fileBytes}: it is cut off, or not a safetensors file.`,
    )
  }
  return 8 + length // what is in it is said by whoever reads it
}

/** The header in a file's bytes from 8 to its end: the tensors must fill the rest of the file without gaps or overlaps. */
export function parseHeader(bytes: Uint8Array, fileBytes: number): Header {
  const dataStart = 8 + bytes.length
  const { __metadata__: metadata, ...rest } = parseJson(bytes)
  const entries = Object.entries(rest).map(([name, value]) => readEntry(name, value, dataStart))
  let end = dataStart
  for (const entry of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end) {
      const offsets = `[${entry.begin - dataStart}, ${entry.end - dataStart}]`
      throw new SafetensorsError(
        `'${entry.name}': data_offsets ${offsets} ${entry.begin < end ? 'overlap the tensor before it' : 'leave a gap after the tensor before it'}, which ends at ${end - dataStart}.`,
      )
    }
    end = entry.end
    if (end > fileBytes) {
      throw new SafetensorsError(`'${entry.name}' ends at byte ${end}, but the file has ${fileBytes}: it is cut off.`)
    }
  }
  if (end !== fileBytes) {
    throw new SafetensorsError(`${fileBytes - end} bytes follow the last tensor, which ends at byte ${end}.`)
  }
  return { entries, metadata: readMetadata(metadata) }
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  let text: string
  let header: unknown
  let scanned: ReturnType<typeof scanJson>
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    scanned = scanJson(text)
    if (scanned.depth <= DEPTH) header = JSON.parse(text)
  } catch (error) {
    throw new SafetensorsError(`the header (bytes 8 to ${8 + bytes.length}) is not JSON: ${errorMessage(error)}.`)
  }
  if (scanned.depth > DEPTH)
    throw new SafetensorsError(`the header nests lists and objects ${scanned.depth} deep, expected at most ${DEPTH}.`)
  if (!isRecord(header)) throw new SafetensorsError(`the header is not a JSON object.`)
  const { repeatedKey } = scanned
  if (repeatedKey !== undefined) throw new SafetensorsError(`the header has '${repeatedKey}' twice.`)
  return header
}

function readEntry(name: string, value: unknown, dataStart: number): Entry {
  if (!isRecord(value)) throw new SafetensorsError(`'${name}': expected an object, got ${show(value)}.`)
  const { dtype: typeName, shape, data_offsets: offsets } = value
  if (typeof typeName !== 'string')
    throw new SafetensorsError(`'${name}': expected dtype to be the name of one, got ${show(typeName)}.`)
  const known = fileType(typeName)
  if (!isCounts(shape)) {
    throw new SafetensorsError(`'${name}': expected shape to be a list of sizes, got ${show(shape)}.`)
  }
  if (!isCounts(offsets) || offsets.length !== 2 || itemAt(offsets, 0) > itemAt(offsets, 1)) {
    throw new SafetensorsError(`'${name}': expected data_offsets [begin, end], got ${show(offsets)}.`)
  }
  const [begin, end] = tuple(offsets, 2)
  if (known !== undefined) {
    const expected = shape.reduce((product, size) => product * size, known.type.bytes)
    if (end - begin !== expected) {
      throw new SafetensorsError(
        `'${name}': ${typeName} of shape [${shape}] has ${expected} bytes, but data_offsets [${begin}, ${end}] give ${end - begin}.`,
      )
    }
  }
  return {
    name,
    dtype: known?.dtype ?? typeName,
    code: typeName,
    shape,
    begin: dataStart + begin,
    end: dataStart + end,
  }
}

function readMetadata(metadata: unknown): Record<string, string> {
  if (metadata === undefined) return {}
  if (!isRecord(metadata)) throw new SafetensorsError(`expected __metadata__ to be an object of strings.`)
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') {
      throw new SafetensorsError(`__metadata__ '${name}': expected a string, got ${show(value)}.`)
    }
  }
  return metadata as Record<string, string>
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0)
