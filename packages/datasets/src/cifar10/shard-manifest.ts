import { DatasetError } from '../dataset-error.ts'
import type { ImageShape } from '../fields.ts'
import { nameParts } from '../files/files.ts'
import { show } from '../show.ts'

export const SHARD_FORMAT = 'ddnet-image-shards-1'

/** Bytes of one shard, and of all shards of a split: what is promised is also taken. */
const MAX_SHARD_BYTES = 2 ** 30
const MAX_SPLIT_BYTES = 2 ** 32

/** A file of `count` images `[height, width, channels]` of bytes, one after another, followed by `count` label bytes. */
export interface Shard {
  readonly file: string
  readonly count: number
  readonly bytes: number
  readonly sha256: string
}

/** `manifest.json` beside the shards. */
export interface ShardManifest {
  readonly format: typeof SHARD_FORMAT
  readonly shape: ImageShape
  readonly classNames: readonly string[]
  readonly train: { readonly count: number; readonly shards: readonly Shard[] }
  readonly test: { readonly count: number; readonly shards: readonly Shard[] }
}

/** @throws DatasetError naming `location` and the part that is not as it must be, or a shard that lies elsewhere */
export function parseShardManifest(text: string, location: string): ShardManifest {
  const wrong = (what: string): DatasetError =>
    new DatasetError(`${location}: ${what}. Write the folder again with writeCifar10Shards of @ddnet/datasets/node.`)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw wrong(`expected a JSON manifest, got ${JSON.stringify(text.slice(0, 40))}`)
  }
  const manifest = isRecord(parsed) ? parsed : {}
  if (manifest['format'] !== SHARD_FORMAT)
    throw wrong(`expected format ${SHARD_FORMAT}, got ${show(isRecord(parsed) ? manifest['format'] : parsed)}`)
  const { shape, classNames } = manifest
  if (!Array.isArray(shape) || shape.length !== 3 || !shape.every(isCount)) {
    throw wrong(`expected a shape [height, width, channels], got ${show(shape)}`)
  }
  if (!Array.isArray(classNames) || !classNames.every((name) => typeof name === 'string')) {
    throw wrong(`expected classNames, got ${show(classNames)}`)
  }
  const imageBytes = (shape as number[]).reduce((product, side) => product * side, 1)
  for (const name of ['train', 'test'] as const) {
    const split = manifest[name]
    const shards: unknown = isRecord(split) ? split['shards'] : undefined
    if (!Array.isArray(shards) || shards.length === 0) throw wrong(`expected shards in ${name}, got ${show(shards)}`)
    let count = 0
    for (const shard of shards as unknown[]) {
      if (!isShard(shard, imageBytes)) {
        throw wrong(
          `expected shards with file, count, bytes (at most ${MAX_SHARD_BYTES}) and sha256 in ${name}, got ${show(shard)}`,
        )
      }
      nameParts(shard.file) // refuses what lies elsewhere
      count += shard.count
    }
    if (count * (imageBytes + 1) > MAX_SPLIT_BYTES) {
      throw wrong(`expected at most ${MAX_SPLIT_BYTES} bytes in ${name}, got ${count * (imageBytes + 1)}`)
    }
    const told = (split as Readonly<Record<string, unknown>>)['count']
    if (count !== told) throw wrong(`expected ${show(told)} images in the shards of ${name}, got ${count}`)
  }
  return parsed as ShardManifest // checked field by field
}

function isShard(value: unknown, imageBytes: number): value is Shard {
  if (!isRecord(value)) return false
  const { file, count, bytes, sha256 } = value
  return (
    typeof file === 'string' &&
    isCount(count) &&
    bytes === Number(count) * (imageBytes + 1) &&
    bytes <= MAX_SHARD_BYTES &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256)
  )
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0
