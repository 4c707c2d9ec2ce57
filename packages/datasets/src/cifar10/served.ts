import { sha256 } from '@ddnet/ops/checks'
import type { ClassificationSample, Dataset } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import type { ImageShape } from '../fields.ts'
import { fetchBytes } from '../files/fetch-bytes.ts'
import { imageDataset } from '../image-dataset.ts'
import { lazyDataset } from '../lazy-dataset.ts'
import { parseShardManifest, type Shard, type ShardManifest } from './shard-manifest.ts'
import type { Cifar10, Cifar10Options } from './types.ts'

/** A manifest of a million shards has fewer. */
const MAX_MANIFEST_BYTES = 2 ** 28

const REMEDY = 'Serve a folder written with writeCifar10Shards of @ddnet/datasets/node there.'

/**
 * CIFAR-10 from shards that an app serves, wherever there is `fetch`. The training images are read at once, the test images when
 * somebody first asks for one: most who train never do. Each shard's size is checked, and its sha256 where the page may use
 * SubtleCrypto (https, localhost, Node). A server that stalls is given up, as by the official download.
 *
 * @throws DatasetError naming the address that is missing or damaged
 */
export async function servedCifar10(url: string | URL, options: Cifar10Options): Promise<Cifar10> {
  const { trainShards, testShards, log = () => {}, onProgress, fetch = globalThis.fetch, ...limits } = options
  const base = String(url).replace(/\/?$/, '/')
  const manifestUrl = `${base}manifest.json`
  const requesting = { ...limits, fetch, remedy: REMEDY }
  const file = await fetchBytes(manifestUrl, { ...requesting, maxBytes: MAX_MANIFEST_BYTES })
  const manifest = parseShardManifest(new TextDecoder().decode(file), manifestUrl)
  const selection = {
    train: firstShards(manifest, 'train', trainShards),
    test: firstShards(manifest, 'test', testShards),
  }
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  log(`cifar10: reading shards from ${base}, because the images are served there`)
  if (!subtle) log('cifar10: checking sizes alone, because SubtleCrypto needs https or localhost')

  const load = async (shards: readonly Shard[]): Promise<Dataset<ClassificationSample>> => {
    const cancel = new AbortController()
    const totalBytes = shards.reduce((total, { bytes }) => total + bytes, 0)
    let receivedBytes = 0
    const onReceived = (bytes: number): void => {
      receivedBytes += bytes
      onProgress?.({ source: base, receivedBytes, totalBytes })
    }
    const read = async (shard: Shard): Promise<Uint8Array> => {
      const address = `${base}${shard.file}`
      const bytes = await fetchBytes(address, {
        ...requesting,
        signal: cancel.signal,
        maxBytes: shard.bytes,
        onReceived,
      })
      if (bytes.length < shard.bytes) {
        throw new DatasetError(
          `${address} is damaged: expected ${shard.bytes} bytes, got ${bytes.length}. Load again, or write the shards again.`,
        )
      }
      if (subtle) await expectSha256(address, bytes, shard.sha256)
      return bytes
    }
    try {
      return join(shards, await Promise.all(shards.map(read)), manifest.shape)
    } catch (error) {
      cancel.abort(error) // the other shards
      throw error
    }
  }
  const testCount = selection.test.reduce((total, { count }) => total + count, 0)
  return {
    train: await load(selection.train),
    test: lazyDataset(testCount, () => load(selection.test)),
    classNames: manifest.classNames,
  }
}

function firstShards(manifest: ShardManifest, split: 'train' | 'test', count: number | undefined): readonly Shard[] {
  const { shards } = manifest[split]
  if (count === undefined) return shards
  if (!Number.isInteger(count) || count < 1 || count > shards.length) {
    throw new DatasetError(`cifar10: expected ${split}Shards in 1 … ${shards.length}, got ${count}`)
  }
  return shards.slice(0, count)
}

async function expectSha256(address: string, bytes: Uint8Array, expected: string): Promise<void> {
  const checksum = await sha256(bytes)
  if (checksum === expected) return
  throw new DatasetError(`${address} is damaged: expected sha256 ${expected}, got ${checksum}. Write the shards again.`)
}

function join(
  shards: readonly Shard[],
  contents: readonly Uint8Array[],
  shape: ImageShape,
): Dataset<ClassificationSample> {
  const size = shape[0] * shape[1] * shape[2]
  const count = shards.reduce((total, shard) => total + shard.count, 0)
  const images = new Uint8Array(count * size)
  const labels = new Uint8Array(count)
  let at = 0
  for (const [index, shard] of shards.entries()) {
    const content = contents[index] as Uint8Array
    images.set(content.subarray(0, shard.count * size), at * size)
    labels.set(content.subarray(shard.count * size), at)
    at += shard.count
  }
  return imageDataset({ images, labels, shape })
}
