import type { ClassificationSample, Dataset } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import type { ImageShape } from '../fields.ts'
import { imageDataset } from '../image-dataset.ts'
import { parseShardManifest, type Shard, type ShardManifest } from './shard-manifest.ts'
import type { Cifar10, Cifar10Options } from './types.ts'

/**
 * CIFAR-10 from shards that an app serves, wherever there is `fetch`. Each shard's size is checked, and its sha256
 * where the page may use SubtleCrypto (https, localhost, Node).
 *
 * @throws DatasetError naming the address that is missing or damaged
 */
export async function servedCifar10(url: string | URL, options: Cifar10Options): Promise<Cifar10> {
  const { trainShards, testShards, log = () => {}, onProgress, fetch = globalThis.fetch } = options
  const base = String(url).replace(/\/?$/, '/')
  const manifestUrl = `${base}manifest.json`
  const cancel = new AbortController()
  const get = (address: string): Promise<Response> => request(address, { fetch, signal: cancel.signal })
  const manifest = parseShardManifest(await (await get(manifestUrl)).text(), manifestUrl)
  const selection = {
    train: firstShards(manifest, 'train', trainShards),
    test: firstShards(manifest, 'test', testShards),
  }
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  log(`cifar10: reading shards from ${base}, because the images are served there`)
  if (!subtle) log('cifar10: checking sizes alone, because SubtleCrypto needs https or localhost')

  const totalBytes = [...selection.train, ...selection.test].reduce((total, shard) => total + shard.bytes, 0)
  let receivedBytes = 0
  const onReceived = (bytes: number): void => {
    receivedBytes += bytes
    onProgress?.({ source: base, receivedBytes, totalBytes })
  }
  const load = async (shard: Shard): Promise<Uint8Array> => {
    const address = `${base}${shard.file}`
    const bytes = await receive(await get(address), { address, bytes: shard.bytes, onReceived })
    if (subtle) await expectSha256(subtle, { address, bytes, sha256: shard.sha256 })
    return bytes
  }
  try {
    const [train, test] = await Promise.all([
      Promise.all(selection.train.map(load)),
      Promise.all(selection.test.map(load)),
    ])
    return {
      train: join(selection.train, train, manifest.shape),
      test: join(selection.test, test, manifest.shape),
      classNames: manifest.classNames,
    }
  } catch (error) {
    cancel.abort() // the other shards
    throw error
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

// `fetch` is called as a plain function: a browser's refuses to be called as the method of an object.
async function request(
  address: string,
  { fetch, signal }: { fetch: typeof globalThis.fetch; signal: AbortSignal },
): Promise<Response> {
  const remedy = 'Serve a folder written with writeCifar10Shards of @ddnet/datasets/node there.'
  let response: Response
  try {
    response = await fetch(address, { signal })
  } catch (error) {
    throw new DatasetError(`cannot fetch ${address} (${(error as Error).message}). ${remedy}`, { cause: error })
  }
  if (response.ok) return response
  throw new DatasetError(`${address} is missing: HTTP ${response.status}. ${remedy}`)
}

async function receive(
  response: Response,
  { address, bytes, onReceived }: { address: string; bytes: number; onReceived: (bytes: number) => void },
): Promise<Uint8Array<ArrayBuffer>> {
  // As they arrive: the manifest alone must not decide how much memory is taken.
  const chunks: Uint8Array[] = []
  let at = 0
  const damaged = (got: string, cause?: unknown): DatasetError =>
    new DatasetError(
      `${address} is damaged: expected ${bytes} bytes, got ${got}. Load again, or write the shards again.`,
      { cause },
    )
  const reader = response.body?.getReader()
  for (;;) {
    const chunk = await reader?.read().catch((error: Error) => {
      throw damaged(`${at} (${error.message})`, error)
    })
    if (!chunk || chunk.done) break
    if (at + chunk.value.length > bytes) {
      await reader?.cancel()
      throw damaged('more')
    }
    chunks.push(chunk.value)
    at += chunk.value.length
    onReceived(chunk.value.length)
  }
  if (at < bytes) throw damaged(`${at}`)
  const content = new Uint8Array(bytes)
  let to = 0
  for (const chunk of chunks) {
    content.set(chunk, to)
    to += chunk.length
  }
  return content
}

async function expectSha256(
  subtle: SubtleCrypto,
  { address, bytes, sha256 }: { address: string; bytes: Uint8Array<ArrayBuffer>; sha256: string },
): Promise<void> {
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes))
  const checksum = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
  if (checksum === sha256) return
  throw new DatasetError(`${address} is damaged: expected sha256 ${sha256}, got ${checksum}. Write the shards again.`)
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
