import type { ImageShape } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { nameParts } from '../files/files.ts'

export const SHARD_FORMAT = 'ddnet-image-shards-1'

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
  let manifest: ShardManifest
  try {
    manifest = JSON.parse(text) // checked field by field below
  } catch {
    throw wrong(`expected a JSON manifest, got ${JSON.stringify(text.slice(0, 40))}`)
  }
  if (manifest?.format !== SHARD_FORMAT) throw wrong(`expected format ${SHARD_FORMAT}, got ${manifest?.format}`)
  const { shape, classNames } = manifest
  if (!Array.isArray(shape) || shape.length !== 3 || !shape.every(isCount)) {
    throw wrong(`expected a shape [height, width, channels], got ${JSON.stringify(shape)}`)
  }
  if (!Array.isArray(classNames) || !classNames.every((name) => typeof name === 'string')) {
    throw wrong(`expected classNames, got ${JSON.stringify(classNames)}`)
  }
  const imageBytes = (shape as number[]).reduce((product, side) => product * side, 1)
  for (const name of ['train', 'test'] as const) {
    const shards: unknown = manifest[name]?.shards
    if (!Array.isArray(shards) || shards.length === 0) throw wrong(`expected shards in ${name}`)
    for (const { file, count, bytes, sha256 } of shards as Shard[]) {
      if (
        typeof file !== 'string' ||
        !isCount(count) ||
        bytes !== count * (imageBytes + 1) ||
        !/^[0-9a-f]{64}$/.test(sha256)
      ) {
        throw wrong(
          `expected shards with file, count, bytes and sha256 in ${name}, got ${JSON.stringify({ file, count, bytes, sha256 })}`,
        )
      }
      nameParts(file) // refuses what lies elsewhere
    }
    const count = (shards as Shard[]).reduce((total, shard) => total + shard.count, 0)
    if (count !== manifest[name].count)
      throw wrong(`expected ${manifest[name].count} images in the shards of ${name}, got ${count}`)
  }
  return manifest
}

const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0
