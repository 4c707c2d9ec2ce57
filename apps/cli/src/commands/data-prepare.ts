import { existsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type ClassificationSample, type Dataset, resize } from '@ddnet/datasets'
import { cacheDirectory } from '@ddnet/datasets/node'
import { itemAt } from '@ddnet/ops/checks'
import type { CommandContext } from '../context.ts'
import { inParallel } from '../data/in-parallel.ts'
import { countedImages } from '../data/labelled-images.ts'
import { loadData } from '../data/load-data.ts'
import { type ImageList, listImageFolder, sayNotes } from '../data/load-folder.ts'
import { directoryOf, namedData } from '../data/named-data.ts'
import { encodeImage, readImage } from '../data/read-image.ts'
import { UsageError } from '../errors.ts'
import { write } from '../files.ts'
import { commandNames } from '../terminal/command-names.ts'
import { formatCount } from '../terminal/format.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createCommandLogger, createLogger } from '../terminal/logger.ts'
import { countLine } from '../terminal/progress-line.ts'
import { shellWord } from '../terminal/shell-word.ts'
import { styleFor } from '../terminal/style.ts'

export interface PrepareOptions {
  readonly to?: string
  readonly size?: number
  /** At most so many of each class. */
  readonly images?: number
}

/** What only scenes have. */
const ofScenes = ['test', 'objects', 'seed'] as const

/** Images of one part, which come by index. */
interface Part {
  readonly name: 'train' | 'val' | 'test' | ''
  readonly labels: readonly number[]
  readonly get: (index: number) => Promise<Pick<ClassificationSample, 'image'>>
}

/**
 * `ddnet data prepare`: data with a name are fetched, checked and kept; `--to` writes them, or images of any size and kind, as square
 * PNGs in a folder a class, which train fast.
 */
export async function prepareData(
  name: string | undefined,
  options: PrepareOptions & Readonly<Partial<Record<(typeof ofScenes)[number], unknown>>>,
  context: CommandContext,
): Promise<void> {
  const { io } = context
  const scenic = ofScenes.find((each) => options[each] !== undefined)
  if (scenic !== undefined) throw new UsageError(`--${scenic} is of scenes. Add --synthetic scenes`)
  if (name === undefined) throw new UsageError('expected a data set, or a folder. As in: data prepare cifar10')
  const config = namedData(name, ['data.validation=0'], io) // what there is, undivided
  if (options.to === undefined) {
    if (config.data.name === 'folder') throw new UsageError('expected where to write the images. As in: --to prepared')
    if (options.images !== undefined || options.size !== undefined) {
      throw new UsageError('--size and --images are of what is written. Add --to FOLDER')
    }
  }
  const to = options.to === undefined ? undefined : resolve(io.cwd, options.to)
  if (to !== undefined && existsSync(to) && (await readdir(to)).length > 0) {
    throw new UsageError(`${options.to} is not empty. Give a new folder with --to`)
  }
  if (config.data.name === 'folder') {
    const size = options.size ?? 64
    const directory = resolve(io.cwd, directoryOf(config))
    const found = await listImageFolder(directory, io)
    sayNotes(found, createLogger(io))
    const part = (name: Part['name'], { names, labels }: ImageList): Part => ({
      name,
      labels,
      get: (index) => readImage(join(directory, itemAt(names, index)), { height: size, width: size, channels: 3 }),
    })
    const { train, validation, test } = found
    const held = [...(validation ? [part('val', validation)] : []), ...(test ? [part('test', test)] : [])]
    await writeParts(
      [part(held.length > 0 ? 'train' : '', train), ...held],
      found.classNames,
      to as string,
      { ...options, size },
      context,
    )
    return
  }
  const data = await loadData(config, io, context.loadData)
  if (to === undefined) {
    const { definition, options } = config.data
    const where = options['directory'] ?? cacheDirectory(io.env)
    io.stdout.write(`${definition.title?.(options) ?? name} is ready: ${countedImages(data)} in ${where}\n`)
    return
  }
  const scaled =
    options.size === undefined ? (sample: ClassificationSample) => sample : resize([options.size, options.size])
  const part = (name: Part['name'], dataset: Dataset<ClassificationSample>): Part => ({
    name,
    labels: Array.from(dataset.labels ?? []),
    get: async (index) => scaled(await dataset.get(index), {}),
  })
  const size = options.size ?? data.facts.image.height
  const all = [part('train', data.train), ...(data.test ? [part('test', data.test)] : [])]
  await writeParts(all, data.classNames, to, { ...options, size }, context)
}

async function writeParts(
  all: readonly Part[],
  classNames: readonly string[],
  to: string,
  options: PrepareOptions & { readonly size: number },
  { io }: CommandContext,
): Promise<void> {
  const images = all.flatMap((part) =>
    firstOfEach(part.labels, options.images).map(({ index, number }) => ({
      part,
      index,
      number,
      folder: join(to, part.name, itemAt(classNames, part.labels[index] as number).replaceAll(/[/\\]/g, '-')),
    })),
  )
  for (const folder of new Set(images.map(({ folder }) => folder))) await mkdir(folder, { recursive: true })
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  let done = 0
  try {
    await inParallel(images.length, async (at) => {
      const { part, index, number, folder } = itemAt(images, at)
      const { image } = await part.get(index)
      await write(join(folder, `${number}.png`), await encodeImage(image.data as Uint8Array, image.shape))
      done++
      line.update((columns) => countLine('writing', done, images.length, columns, style))
    })
  } finally {
    line.clear()
  }
  io.stdout.write(`${formatCount(images.length)} images of ${classNames.length} classes are written to ${options.to}\n`)
  createCommandLogger(io)(
    'go on',
    `${commandNames(io.env).ddnet} train ${shellWord(`folder=${options.to}`)} data.size=${options.size}`,
  )
}

/** The first `most` samples of each class, numbered within it. */
function firstOfEach(labels: readonly number[], most = Number.POSITIVE_INFINITY): { index: number; number: number }[] {
  const seen = new Map<number, number>()
  const numbered = labels.map((label, index) => {
    const number = seen.get(label) ?? 0
    seen.set(label, number + 1)
    return { index, number }
  })
  return numbered.filter(({ number }) => number < most)
}
