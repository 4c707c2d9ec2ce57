import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClassificationSample, Dataset } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import type { ImageShape } from '../fields.ts'
import { sha256 } from '../node/checksum.ts'
import { SHARD_FORMAT, type Shard, type ShardManifest } from './shard-manifest.ts'
import type { Cifar10 } from './types.ts'

/**
 * Writes what `cifar10({ url })` reads into a folder for an app to serve: `train-00.bin` …, `test-00.bin` …, and, when
 * they are there, `manifest.json`. Any subset of the images will do.
 *
 * @throws DatasetError if images are not bytes, differ in shape, or a split is empty
 * @example await writeCifar10Shards(await cifar10(), 'public/cifar10', { shardSize: 5000 })
 */
export async function writeCifar10Shards(
  { train, test, classNames }: Cifar10,
  directory: string,
  { shardSize = 5_000 }: { readonly shardSize?: number } = {},
): Promise<void> {
  if (!Number.isInteger(shardSize) || shardSize < 1) {
    throw new DatasetError(`writeCifar10Shards: expected shardSize to be a whole number from 1, got ${shardSize}`)
  }
  for (const [name, dataset] of Object.entries({ train, test })) {
    if (dataset.length === 0) throw new DatasetError(`writeCifar10Shards: expected images in ${name}, got none`)
  }
  await mkdir(directory, { recursive: true })
  const { shape } = (await train.get(0)).image
  const write = async (name: string, dataset: Dataset<ClassificationSample>): Promise<ShardManifest['train']> => {
    const shards: Shard[] = []
    for (let first = 0; first < dataset.length; first += shardSize) {
      const count = Math.min(shardSize, dataset.length - first)
      const bytes = await shardBytes(dataset, { first, count, shape })
      const file = `${name}-${String(shards.length).padStart(2, '0')}.bin`
      await writeWhole(join(directory, file), bytes)
      shards.push({ file, count, bytes: bytes.length, sha256: sha256(bytes) })
    }
    return { count: dataset.length, shards }
  }
  const manifest: ShardManifest = {
    format: SHARD_FORMAT,
    shape,
    classNames,
    train: await write('train', train),
    test: await write('test', test),
  }
  await writeWhole(join(directory, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

async function shardBytes(
  dataset: Dataset<ClassificationSample>,
  { first, count, shape }: { first: number; count: number; shape: ImageShape },
): Promise<Uint8Array> {
  const size = shape[0] * shape[1] * shape[2]
  const bytes = new Uint8Array(count * (size + 1))
  for (let at = 0; at < count; at++) {
    const { image, label } = await dataset.get(first + at)
    if (!(image.data instanceof Uint8Array) || image.data.length !== size) {
      throw new DatasetError(
        `writeCifar10Shards: expected images [${shape}] of bytes, got [${image.shape}] of ${image.data.constructor.name}. ` +
          'Write the dataset itself, and apply transforms after reading.',
      )
    }
    bytes.set(image.data, at * size)
    bytes[count * size + at] = label
  }
  return bytes
}

async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  await writeFile(`${path}.part`, content)
  await rename(`${path}.part`, path)
}
