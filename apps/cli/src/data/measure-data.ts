import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Batch, type ClassificationSample, DatasetError, imageDataset, type Loader } from '@ddnet/datasets'
import { cacheDirectory, exhaustedCode } from '@ddnet/datasets/node'
import { type Config, trainingLoader } from '@ddnet/experiment'
import { dispose } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { CommandContext } from '../context.ts'
import { UsageError } from '../errors.ts'
import { memoryLimit } from '../machine.ts'
import { commandNames } from '../terminal/command-names.ts'
import { formatBytes } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import { inParallel } from './in-parallel.ts'
import { loadData } from './load-data.ts'
import { listImageFolder } from './load-folder.ts'
import { directoryOf } from './named-data.ts'
import { readImage } from './read-image.ts'

/** How fast a run's images come. */
export interface DataFigures {
  /** Out of the loader, with the transforms, as tensors, while nothing else is done. */
  readonly imagesPerSecond: number
  /** Image files, which are decoded once before the training. */
  readonly reading?: {
    readonly imagesPerSecond: number
    /** How many there are to read. */
    readonly images: number
  }
}

/** Image files that are read to measure how fast that is. */
const maxRead = 256

/** The images that a run would train with, or why they cannot be measured. A data set is never downloaded for it. */
export async function measureData(
  config: Config,
  context: CommandContext,
): Promise<DataFigures | { readonly missing: string }> {
  const { io, start, loadData: load } = context
  const { data } = config
  const cached = join(cacheDirectory(io.env), 'cifar10')
  if (data.name === 'cifar10' && data.options['directory'] === null && !existsSync(cached)) {
    const fetching = `${commandNames(io.env).ddnet} data prepare cifar10`
    return { missing: `CIFAR-10 is not in ${cached}. What fetches it: ${fetching}` }
  }
  const backend = await start.wasm() // a loader makes tensors
  try {
    if (data.name === 'folder') {
      const { dataset, facts, ...reading } = await readSome(
        resolve(io.cwd, directoryOf(config)),
        data.options['size'] as number,
        io,
      )
      return { imagesPerSecond: await loaderSpeed(trainingLoader(dataset, config, facts)), reading }
    }
    const { train, facts } = await loadData(config, io, load, { fetch: false })
    return { imagesPerSecond: await loaderSpeed(trainingLoader(train, config, facts)) }
  } catch (error) {
    if (!(error instanceof DatasetError) || !/ is not in the cache: /.test(error.message)) throw error
    return { missing: `${error.message} What fetches it: ${commandNames(io.env).ddnet} data prepare ${data.name}` }
  } finally {
    backend.dispose()
  }
}

/** Images a second that come out of a loader, epoch after epoch. */
async function loaderSpeed(batches: Loader<Batch<ClassificationSample>>, seconds = 1): Promise<number> {
  let [images, began] = [0, 0]
  for (;;) {
    for await (const batch of batches) {
      dispose(Object.values(batch))
      // The first batch warms up.
      if (began === 0) began = performance.now()
      else images += batch.image.shape[0]
      const spent = performance.now() - began
      if (images > 0 && spent >= seconds * 1000) return (images / spent) * 1000
    }
  }
}

/**
 * Some images of a folder in memory, evenly from all of its classes, and how fast they were read. Those that cannot be
 * read are left out.
 *
 * @throws CliError where that is all of them
 */
async function readSome(directory: string, size: number, io: Io) {
  const { train, validation, test, classNames } = await listImageFolder(directory, io)
  const bytes = size * size * 3
  // Read one by one, and then brought together.
  const fitting = Math.floor(memoryLimit() / 4 / bytes)
  const count = Math.min(maxRead, train.names.length, fitting)
  if (count === 0)
    throw new UsageError(
      `an image of data.size=${size} takes ${formatBytes(bytes)}, and this machine has ${formatBytes(memoryLimit())}. Try a smaller size, as in data.size=224`,
    )
  const chosen = Array.from({ length: count }, (_, at) => Math.floor((at * train.names.length) / count))
  const read: { pixels: Uint8Array; label: number }[] = []
  let problem: unknown
  const began = performance.now()
  await inParallel(count, async (at) => {
    const index = chosen[at] as number
    const name = itemAt(train.names, index)
    try {
      const { image } = await readImage(join(directory, name), { height: size, width: size, channels: 3 }, name)
      read.push({ pixels: image.data, label: train.labels[index] as number })
    } catch (error) {
      if (exhaustedCode(error) !== undefined) throw error
      problem ??= error
    }
  })
  const seconds = (performance.now() - began) / 1000
  if (read.length === 0) throw problem
  const pixels = new Uint8Array(read.length * bytes)
  for (const [at, { pixels: own }] of read.entries()) pixels.set(own, at * bytes)
  const labels = read.map(({ label }) => label)
  return {
    dataset: imageDataset({ images: pixels, labels, shape: [size, size, 3] }),
    facts: { image: { height: size, width: size, channels: 3 }, classNames },
    imagesPerSecond: count / seconds,
    images: train.length + (validation?.length ?? 0) + (test?.length ?? 0),
  }
}
