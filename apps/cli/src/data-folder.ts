import { dirname, join, resolve } from 'node:path'
import {
  type Dataset,
  imageDataset,
  imageFolder,
  type Sample,
  stratifiedSplit,
  subfolder,
  subset,
} from '@ddnet/datasets'
import { diskFiles } from '@ddnet/datasets/node'
import { type Key, random } from '@ddnet/ops'
import type { Config } from './config/schema.ts'
import type { LabelledImages } from './data.ts'
import { memoryLimit } from './environment.ts'
import { CliError, explain, UsageError } from './errors.ts'
import { inParallel } from './in-parallel.ts'
import type { Io } from './io.ts'
import { readImage } from './read-image.ts'
import { formatBytes, formatCount } from './terminal/format.ts'
import { liveLine } from './terminal/live-line.ts'
import { countLine } from './terminal/progress-line.ts'
import { sayer } from './terminal/say.ts'
import { styleFor } from './terminal/style.ts'

/** Share of the memory that images may take. */
const memoryShare = 0.5
const testNames = ['test', 'val', 'valid', 'validation']

/** Names of image files with their classes, before any of them is read. */
export interface ImageList {
  readonly classNames: readonly string[]
  /** Relative to the folder. */
  readonly names: readonly string[]
  readonly labels: readonly number[]
}

/**
 * What is in a folder: `train/CLASS/…` and `test/CLASS/…` (or `val`, `valid`, `validation`) where it has these, else
 * `CLASS/…` alone, which may lie in `train`.
 *
 * @throws DatasetError for a folder without images in folders; CliError for test images of a class that is not trained
 */
export async function listImageFolder(directory: string): Promise<{ train: ImageList; test?: ImageList }> {
  const files = diskFiles(directory)
  const paths = (await files.list()).map((name) => name.split('/'))
  const folders = new Set(paths.filter(({ length }) => length > 1).map(([first]) => first as string))
  const part = async (name: string): Promise<ImageList> => {
    const { classNames, names, labels } = await imageFolder(subfolder(files, name))
    return { classNames, labels, names: names.map((each) => `${name}/${each}`) }
  }
  const testName = testNames.find((name) => folders.has(name))
  const classesInTrain = paths.some(({ length, 0: first }) => first === 'train' && length > 2)
  if (folders.size === 1 && classesInTrain) return { train: await part('train') }
  if (!folders.has('train') || testName === undefined) return { train: await imageFolder(files) }
  const [train, test] = await Promise.all([part('train'), part(testName)])
  const { classNames } = train
  const relabelled = test.labels.map((label) => {
    const name = test.classNames[label] as string
    if (classNames.includes(name)) return classNames.indexOf(name)
    throw new CliError(
      `${join(directory, testName, name)}: there is no class ${name} in ${join(directory, 'train')}, which has ${classNames.join(', ')}. Move or remove it.`,
    )
  })
  return { train, test: { ...test, classNames, labels: relabelled } }
}

/**
 * A folder of images as data to train on. All images are decoded once, cut to a square and scaled to `size`, and stay in
 * memory. Without folders for training and testing, every class gives `data.validation` of its images to the test images,
 * by the run's seed.
 *
 * @throws UsageError for a folder that cannot be trained on; CliError for an image that cannot be read, unless
 * `data.onError` is `skip`
 */
export async function loadFolder(config: Pick<Config, 'data' | 'size' | 'seed'>, io: Io): Promise<LabelledImages> {
  const { data, size, seed } = config
  if (data.name !== 'folder' || data.directory === null) throw new Error('expected a folder of images') // checked with the settings
  const directory = resolve(io.cwd, data.directory)
  const lists = await listImageFolder(directory)
  const { classNames } = lists.train
  if (classNames.length < 2) {
    throw new UsageError(
      `${data.directory} has images of one class, ${classNames[0]}: expected a folder for each of two classes or more, as in ${data.directory}/cat/1.jpg and ${data.directory}/dog/1.jpg.`,
    )
  }
  const count = lists.train.names.length + (lists.test?.names.length ?? 0)
  refuseTooMany(count, size)
  const read = imageReader(directory, { size, count, onError: data.onError }, io)
  const train = await read(lists.train)
  const key = random.key(seed).fold('data').fold('split')
  if (lists.test !== undefined) return { train, test: shuffled(await read(lists.test), key), classNames }
  refuseTooFew(train.labels ?? [], lists.train, data.directory)
  const parts = stratifiedSplit(train, { fractions: [1 - data.validation, data.validation], key })
  if (parts[1].length === 0) {
    throw new UsageError(
      `data.validation=${data.validation} leaves none of ${train.length} images to measure on. Try data.validation=0.2`,
    )
  }
  return { train: parts[0], test: shuffled(parts[1], key), classNames }
}

/** In an order of its own, so that the first ones are of all classes. */
const shuffled = (images: Dataset<Sample>, key: Key): Dataset<Sample> =>
  subset(images, [...random.permutation(key.fold('order'), images.length)])

function refuseTooMany(count: number, size: number): void {
  const [needed, allowed] = [count * size * size * 3, memoryShare * memoryLimit()]
  if (needed <= allowed) return
  const fitting = Math.floor(Math.sqrt(allowed / count / 3) / 8) * 8
  throw new UsageError(
    `${formatCount(count)} images of size=${size} take ${formatBytes(needed)} of memory, and this machine has ${formatBytes(allowed)} for them. ${fitting >= 8 ? `Try size=${fitting}` : 'Take fewer of them.'}`,
  )
}

/** @param labels of the images that could be read */
function refuseTooFew(labels: ArrayLike<number>, listed: ImageList, directory: string): void {
  for (const label of listed.classNames.keys()) {
    const count = Array.from(labels).filter((each) => each === label).length
    if (count < 2) {
      const folder = dirname(join(directory, listed.names[listed.labels.indexOf(label)] as string))
      throw new UsageError(
        `${folder} has ${count === 1 ? 'one image' : 'no image that can be read'}: expected at least two, one to train with and one to measure on.`,
      )
    }
  }
}

interface ReaderOptions {
  readonly size: number
  /** Of all lists together. */
  readonly count: number
  readonly onError: 'throw' | 'skip'
}

/** Decodes lists of images, and shows how far it is. */
function imageReader(directory: string, { size, count, onError }: ReaderOptions, io: Io) {
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  const pixels = size * size * 3
  let done = 0
  return async ({ names, labels }: ImageList): Promise<Dataset<Sample>> => {
    const images = new Uint8Array(names.length * pixels)
    const failed = new Map<number, string>()
    const take = async (index: number) => {
      try {
        const { image } = await readImage(join(directory, names[index] as string), size, names[index])
        images.set(image as Uint8Array, index * pixels)
      } catch (error) {
        failed.set(index, explain(error).message)
      }
      done++
      line.update((columns) => countLine('reading', done, count, columns, style))
    }
    try {
      await inParallel(names.length, take)
    } finally {
      line.clear()
    }
    const dataset = imageDataset({ images, labels, shape: [size, size, 3] })
    if (failed.size === 0) return dataset
    const [first] = [...failed].sort(([a], [b]) => a - b).map(([, message]) => message)
    const others =
      failed.size === 1
        ? ''
        : ` So it is with ${failed.size - 1} more of ${names.length}; ddnet data inspect lists them.`
    if (onError === 'throw')
      throw new CliError(`${first}${others} Mend or remove it, or leave it out with data.onError=skip`)
    sayer(io)('data', `left out ${failed.size} of ${names.length} images: ${first}${others}`)
    return subset(
      dataset,
      [...labels.keys()].filter((index) => !failed.has(index)),
    )
  }
}
