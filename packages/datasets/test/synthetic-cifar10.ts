import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { itemAt } from '@ddnet/testing'
import { encode } from 'fast-png'
import { cifar10ClassNames } from '../src/cifar10/class-names.ts'
import type { BatchFacts, Cifar10Facts, SplitFacts } from '../src/cifar10/official.ts'
import type { ClassificationSample, Dataset } from '../src/dataset.ts'
import { imageDataset } from '../src/image-dataset.ts'

/** A stand-in for CIFAR-10 with ten images a file, two files to train and one to test, every class once a file. */
export interface Synthetic {
  readonly train: Picture[]
  readonly test: Picture[]
  readonly facts: Cifar10Facts
}

export interface Picture {
  readonly label: number
  /** `[32, 32, 3]` */
  readonly pixels: Uint8Array
}

export const PER_FILE = 10
const hex = (...parts: Uint8Array[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

export function synthetic(): Synthetic {
  let state = 12345
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return state >>> 16
  }
  const picture = (label: number): Picture => ({ label, pixels: Uint8Array.from({ length: 3072 }, () => next() % 256) })
  const labels = [6, 9, 4, 1, 2, 7, 8, 3, 0, 5]
  const train = [...labels, ...labels.toReversed()].map(picture)
  const test = labels.map(picture)
  return {
    train,
    test,
    facts: { train: factsOf(train, ['data_batch_1', 'data_batch_2']), test: factsOf(test, ['test_batch']) },
  }
}

/** The record of the official binary version: the label, then the red, green and blue plane. */
export function record({ label, pixels }: Picture): Uint8Array {
  const bytes = new Uint8Array(3073)
  bytes[0] = label
  for (let at = 0; at < 3072; at++) bytes[1 + (at % 3) * 1024 + Math.floor(at / 3)] = itemAt(pixels, at)
  return bytes
}

/** The pictures as a dataset. */
export const datasetOf = (pictures: readonly Picture[]): Dataset<ClassificationSample> =>
  imageDataset({
    images: concat(pictures.map(({ pixels }) => pixels)),
    labels: pictures.map(({ label }) => label),
    shape: [32, 32, 3],
  })

const concat = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

function factsOf(pictures: Picture[], names: string[]): SplitFacts {
  const batches = names.map((name, at): BatchFacts => {
    const own = pictures.slice(at * PER_FILE, (at + 1) * PER_FILE)
    return {
      name,
      count: PER_FILE,
      binarySha256: hex(concat(own.map(record))),
      imagesSha256: hex(concat(own.map(({ pixels }) => pixels))),
    }
  })
  const channels = [0, 1, 2].map((channel) =>
    pictures.flatMap(({ pixels }) => [...pixels.filter((_, at) => at % 3 === channel)].map((byte) => byte / 255)),
  )
  const average = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const mean = channels.map(average)
  const std = channels.map((values, channel) =>
    Math.sqrt(average(values.map((value) => (value - (mean[channel] ?? 0)) ** 2))),
  )
  const digests = pictures.map(({ label, pixels }) =>
    createHash('sha256').update(Uint8Array.of(label)).update(pixels).digest(),
  )
  return {
    batches,
    firstLabels: pictures.slice(0, 10).map(({ label }) => label),
    mean,
    std,
    labelsSha256: hex(Uint8Array.from(pictures, ({ label }) => label)),
    sortedSha256: hex(...digests.sort(Buffer.compare)),
  }
}

const files = ({ train, test }: Synthetic): [name: string, pictures: Picture[]][] => [
  ['data_batch_1', train.slice(0, PER_FILE)],
  ['data_batch_2', train.slice(PER_FILE)],
  ['test_batch', test],
]

export async function writeBinaryBatches(directory: string, data: Synthetic): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const [name, pictures] of files(data))
    await writeFile(join(directory, `${name}.bin`), concat(pictures.map(record)))
}

export async function writePngBatches(directory: string, data: Synthetic): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const [name, pictures] of files(data)) {
    const pixels = concat(pictures.map((picture) => picture.pixels))
    await writeFile(
      join(directory, `${name}.png`),
      encode({ width: 1024, height: PER_FILE, data: pixels, channels: 3 }),
    )
  }
  await writeFile(join(directory, 'train_lables.json'), JSON.stringify(data.train.map(({ label }) => label)))
  await writeFile(join(directory, 'test_lables.json'), JSON.stringify(data.test.map(({ label }) => label)))
}

export async function writeClassFolders(directory: string, data: Synthetic): Promise<void> {
  for (const split of ['train', 'test'] as const) {
    for (const [at, { label, pixels }] of data[split].entries()) {
      const folder = join(directory, split, itemAt(cifar10ClassNames, label))
      await mkdir(folder, { recursive: true })
      const name = `${String(at).padStart(4, '0')}.png`
      await writeFile(join(folder, name), encode({ width: 32, height: 32, data: pixels, channels: 3 }))
    }
  }
}
