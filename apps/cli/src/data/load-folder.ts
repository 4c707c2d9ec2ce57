import { createHash } from 'node:crypto'
import { dirname, join, relative, resolve } from 'node:path'
import {
  type ClassificationSample,
  type Dataset,
  type FolderNotes,
  type ImageFolder,
  type ImageSplits,
  imageDataset,
  imageSplits,
  inOwnOrder,
  subset,
  validationSplit,
} from '@ddnet/datasets'
import { exhaustedCode } from '@ddnet/datasets/node'
import type { DataHost, DataSplits, NamedSamples } from '@ddnet/experiment'
import { itemAt } from '@ddnet/ops/checks'
import { CliError, explain, UsageError } from '../errors.ts'
import { memoryLimit } from '../machine.ts'
import { formatBytes, formatCount } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createLogger } from '../terminal/logger.ts'
import { countLine } from '../terminal/progress-line.ts'
import { styleFor } from '../terminal/style.ts'
import { inParallel } from './in-parallel.ts'
import { lookThrough } from './look-through.ts'
import { readImage } from './read-image.ts'

/** Share of the memory that images may take. */
const memoryShare = 0.5
const maxExamples = 2

/** Names of image files with their classes, before any of them is read. */
export type ImageList = Pick<ImageFolder, 'classNames' | 'names' | 'labels'>

/**
 * What is in a folder, as `imageSplits` has it: names of images relative to the folder, none of which is read.
 *
 * @throws DatasetError for a folder without images in folders, folders that look like splits and are not, and a class that
 * is not trained
 */
export const listImageFolder = (directory: string, io: Io): Promise<ImageSplits> =>
  lookThrough(directory, directory, io, imageSplits)

/** Whether what looks like two classes is images and their masks. */
export const isOfMasks = ({ classNames }: Pick<ImageSplits, 'classNames'>): boolean =>
  classNames.map((name) => name.toLowerCase()).join() === 'images,masks'

/** Of each kind of files that are left out, how many, which, and what to do; and which links lead elsewhere. */
export function sayNotes({ leftOut, linksOutside }: FolderNotes, say: ReturnType<typeof createLogger>): void {
  const examples = (names: readonly string[]) =>
    names.length > maxExamples ? `${names.slice(0, maxExamples).join(', ')} …` : names.join(', ')
  for (const { what, names, remedy } of leftOut) {
    say(
      'left out',
      `${formatCount(names.length)} ${what}: ${examples(names)}.${remedy === undefined ? '' : ` ${remedy}`}`,
    )
  }
  if (linksOutside.length > 0) {
    say(
      'links',
      `${formatCount(linksOutside.length)} lead out of the folder, and were followed: ${examples(linksOutside)}`,
    )
  }
}

type FolderOptions = Parameters<DataHost['imageFolder']>[0]

/**
 * A folder of images as data to train on. All images are decoded once, cut to a square and scaled to `size`, and stay in
 * memory. Of a folder without validation images every class of the training images gives `data.validation` of them.
 *
 * @param unreadable what to do about an image that cannot be read, for the error that names it
 * @throws UsageError for a folder that cannot be trained on; CliError for an image that cannot be read, unless
 * `data.onError` is `skip`
 */
export async function loadFolder(
  { directory: path, size, onError, validation: share }: FolderOptions,
  io: Io,
  unreadable: string,
): Promise<DataSplits & { readonly classNames: readonly string[] }> {
  const directory = resolve(io.cwd, path)
  const lists = await listImageFolder(directory, io)
  const { classNames } = lists
  sayNotes(lists, createLogger(io))
  if (classNames.length < 2) throw new UsageError(oneClass(lists, path))
  if (isOfMasks(lists)) {
    throw new UsageError(
      `${path} has images and their masks, and no folder a class. For a class for each pixel: masks=${path}`,
    )
  }
  const parts = [lists.train, lists.validation, lists.test]
  const count = parts.reduce((sum, part) => sum + (part?.length ?? 0), 0)
  refuseTooMany(count, size)
  const reader = imageReader(directory, { size, count, onError, unreadable }, io)
  const read = async (part: ImageFolder, what: string) => {
    const images = await reader.read(part)
    if (images.length > 0) return images
    throw new CliError(`none of the ${part.length} ${what} images of ${path} can be read. Fix or replace them.`)
  }
  const train = await read(lists.train, 'training')
  const validation = lists.validation && inOwnOrder(await read(lists.validation, 'validation'))
  const test = lists.test && inOwnOrder(await read(lists.test, 'test'))
  const held = { ...(validation && { validation }), ...(test && { test }), samples: reader.samples() }
  if (validation !== undefined || share === 0) return { train, ...held, classNames }
  refuseTooFew(train.labels ?? [], lists.train, path)
  return { ...held, ...splitOff(train, share), classNames }
}

/** @throws UsageError for a share of images that is none of them */
function splitOff(train: Dataset<ClassificationSample>, share: number) {
  if (Math.round(share * train.length) === 0) {
    throw new UsageError(
      `data.validation=${share} leaves none of ${train.length} images to choose by. Try data.validation=0.2`,
    )
  }
  return validationSplit(train, share)
}

/** Most often there is one folder more above the classes than was thought. */
function oneClass({ classNames: [name = ''], train }: ImageSplits, directory: string): string {
  const folder = dirname(itemAt(train.names, 0))
  const below = relative(name, folder).split('/')[0]
  const inner = `${directory}/${name}`
  const hint = below ? ` Perhaps it is ${inner} that has one: folder=${inner}` : ''
  return `${directory} has images of one class, ${name}: expected a folder for each of two classes or more, as in ${directory}/cat/1.jpg and ${directory}/dog/1.jpg.${hint}`
}

function refuseTooMany(count: number, size: number): void {
  const [needed, allowed] = [count * size * size * 3, memoryShare * memoryLimit()]
  if (needed <= allowed) return
  const fitting = Math.floor(Math.sqrt(allowed / count / 3) / 8) * 8
  throw new UsageError(
    `${formatCount(count)} images of data.size=${size} take ${formatBytes(needed)} of memory, and this machine has ${formatBytes(allowed)} for them. ${fitting >= 8 ? `Try data.size=${fitting}` : 'Take fewer of them.'}`,
  )
}

/** @param labels of the images that could be read */
function refuseTooFew(labels: ArrayLike<number>, listed: ImageList, directory: string): void {
  const counts = new Array<number>(listed.classNames.length).fill(0)
  for (const label of Array.from(labels)) counts[label] = (counts[label] as number) + 1
  for (const [label, count] of counts.entries()) {
    if (count < 2) {
      const folder = dirname(join(directory, itemAt(listed.names, listed.labels.indexOf(label))))
      throw new UsageError(
        `${folder} has ${count === 1 ? 'one image' : 'no image that can be read'}: expected at least two, one to train with and one to choose by. Add images, or remove the folder.`,
      )
    }
  }
}
interface ReaderOptions {
  readonly size: number
  /** Of all lists together. */
  readonly count: number
  readonly onError: 'throw' | 'skip'
  readonly unreadable: string
}

/** Decodes lists of images, and shows how far it is. */
function imageReader(directory: string, { size, count, onError, unreadable }: ReaderOptions, io: Io) {
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  const pixels = size * size * 3
  const kept = createHash('sha256')
  const contents = createHash('sha256')
  const leftOut: string[] = []
  let done = 0
  const read = async ({ names, labels }: ImageList): Promise<Dataset<ClassificationSample>> => {
    const images = new Uint8Array(names.length * pixels)
    const failed = new Map<number, string>()
    const digests: string[] = []
    const take = async (index: number) => {
      try {
        const { image, sha256 } = await readImage(
          join(directory, itemAt(names, index)),
          { height: size, width: size, channels: 3 },
          names[index],
        )
        images.set(image.data, index * pixels)
        digests[index] = sha256
      } catch (error) {
        if (exhaustedCode(error) !== undefined) throw error // the image may be as good as any
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
    for (const [index, name] of names.entries()) {
      if (failed.has(index)) leftOut.push(name)
      else {
        kept.update(`${name}\0`)
        contents.update(`${digests[index]}\0`)
      }
    }
    const dataset = imageDataset({ images, labels, shape: [size, size, 3] })
    if (failed.size === 0) return dataset
    const [first] = [...failed].sort(([a], [b]) => a - b).map(([, message]) => message)
    const others =
      failed.size === 1
        ? ''
        : ` So it is with ${failed.size - 1} more of ${names.length}; ddnet data inspect lists them.`
    if (onError === 'throw') throw new CliError(`${first}${others} ${unreadable}`)
    createLogger(io)('data', `left out ${failed.size} of ${names.length} images: ${first}${others}`)
    return subset(
      dataset,
      [...labels.keys()].filter((index) => !failed.has(index)),
    )
  }
  /** Which samples all lists together have, once they are read. */
  const samples = (): NamedSamples => ({
    names: kept.copy().digest('hex'),
    contents: contents.copy().digest('hex'),
    leftOut,
  })
  return { read, samples }
}
