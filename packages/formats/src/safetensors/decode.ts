import type { HostTensor } from '@ddnet/ops'
import { fileTypes, hostType } from './dtypes.ts'
import { repeatedKey } from './repeated-key.ts'
import { SafetensorsError } from './safetensors-error.ts'

/** The limit of the reference implementation. */
const longestHeader = 100_000_000

/**
 * The tensors and the metadata of a safetensors file.
 * The values are copied: the result does not hold on to `bytes`.
 *
 * @throws SafetensorsError naming what is wrong and where, for every file that the format does not allow: the header must
 *   be JSON without repeated names, and the tensors must fill the rest of the file without gaps or overlaps
 * @see https://github.com/huggingface/safetensors#format
 */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Record<string, HostTensor>
  metadata: Record<string, string>
} {
  const { header, dataStart } = readHeader(bytes)
  const { __metadata__: metadata, ...rest } = header
  const entries = Object.entries(rest).map(([name, value]) => readEntry(name, value))

  const dataBytes = bytes.length - dataStart
  let end = 0
  for (const entry of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end) {
      throw new SafetensorsError(
        `'${entry.name}': data_offsets [${entry.begin}, ${entry.end}] ${entry.begin < end ? 'overlap the tensor before it' : 'leave a gap after the tensor before it'}, which ends at ${end}.`,
      )
    }
    end = entry.end
    if (end > dataBytes) {
      throw new SafetensorsError(
        `'${entry.name}' ends at byte ${dataStart + end}, but the file has ${bytes.length}: it is cut off.`,
      )
    }
  }
  if (end !== dataBytes) {
    throw new SafetensorsError(
      `${dataBytes - end} bytes follow the last tensor, which ends at byte ${dataStart + end}.`,
    )
  }

  return {
    tensors: Object.fromEntries(
      entries.map(({ name, dtype, shape, begin, end }) => {
        // Not bytes.slice: Node's Buffer overrides it with one that copies nothing.
        const copy = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end))
        const data = fileTypes[dtype].view(copy.buffer)
        return [name, { dtype, shape, data } as HostTensor] // `dtype` chose the view
      }),
    ),
    metadata: readMetadata(metadata),
  }
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8)
    throw new SafetensorsError(`the file has ${bytes.length} bytes, fewer than the 8 of its length.`)
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (length > longestHeader) {
    throw new SafetensorsError(
      `the header would have ${length} bytes; at most ${longestHeader} are allowed. This is probably not a safetensors file.`,
    )
  }
  const dataStart = 8 + length
  if (dataStart > bytes.length) {
    throw new SafetensorsError(
      `the header ends at byte ${dataStart}, but the file has ${bytes.length}: it is cut off, or not a safetensors file.`,
    )
  }
  let text: string
  let header: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, dataStart))
    header = JSON.parse(text)
  } catch (error) {
    throw new SafetensorsError(`the header (bytes 8 to ${dataStart}) is not JSON: ${(error as Error).message}.`)
  }
  if (!isRecord(header)) throw new SafetensorsError(`the header is not a JSON object.`)
  const repeated = repeatedKey(text)
  if (repeated !== undefined) throw new SafetensorsError(`the header has '${repeated}' twice.`)
  return { header, dataStart }
}

function readEntry(name: string, value: unknown) {
  if (!isRecord(value)) throw new SafetensorsError(`'${name}': expected an object, got ${JSON.stringify(value)}.`)
  const { dtype: typeName, shape, data_offsets: offsets } = value
  const dtype = typeof typeName === 'string' ? hostType(typeName) : undefined
  if (dtype === undefined) {
    const known = Object.values(fileTypes).map((type) => type.name)
    throw new SafetensorsError(
      `'${name}': dtype ${JSON.stringify(typeName)} is not supported (${known.join(', ')} are). Convert the tensor before saving it.`,
    )
  }
  if (!isCounts(shape)) {
    throw new SafetensorsError(`'${name}': expected shape to be a list of sizes, got ${JSON.stringify(shape)}.`)
  }
  if (!isCounts(offsets) || offsets.length !== 2 || (offsets[0] as number) > (offsets[1] as number)) {
    throw new SafetensorsError(`'${name}': expected data_offsets [begin, end], got ${JSON.stringify(offsets)}.`)
  }
  const [begin, end] = offsets as [number, number]
  const expected = shape.reduce((product, size) => product * size, fileTypes[dtype].bytes)
  if (end - begin !== expected) {
    throw new SafetensorsError(
      `'${name}': ${typeName} of shape [${shape}] has ${expected} bytes, but data_offsets [${begin}, ${end}] give ${end - begin}.`,
    )
  }
  return { name, dtype, shape, begin, end }
}

function readMetadata(metadata: unknown): Record<string, string> {
  if (metadata === undefined) return {}
  if (!isRecord(metadata)) throw new SafetensorsError(`expected __metadata__ to be an object of strings.`)
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') {
      throw new SafetensorsError(`__metadata__ '${name}': expected a string, got ${JSON.stringify(value)}.`)
    }
  }
  return metadata as Record<string, string>
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0)
