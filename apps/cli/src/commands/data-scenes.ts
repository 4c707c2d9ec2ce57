import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  type ClassificationSample,
  cocoOfScenes,
  type Dataset,
  DatasetError,
  describeScene,
  nounOf,
  type SceneObject,
  scenes,
} from '@ddnet/datasets'
import { random } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { encodeClassPng } from '@ddnet/visuals'
import type { CommandContext } from '../context.ts'
import { inParallel } from '../data/in-parallel.ts'
import { loadData } from '../data/load-data.ts'
import { namedData } from '../data/named-data.ts'
import { encodeImage } from '../data/read-image.ts'
import { UsageError } from '../errors.ts'
import { makeFolder, write } from '../files.ts'
import { commandNames } from '../terminal/command-names.ts'
import { formatCount } from '../terminal/format.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createCommandLogger } from '../terminal/logger.ts'
import { countLine } from '../terminal/progress-line.ts'
import { shellWord } from '../terminal/shell-word.ts'
import { styleFor } from '../terminal/style.ts'

export interface SceneOptions {
  readonly to?: string
  /** Height and width of the scenes. */
  readonly size?: number
  /** Scenes to train on. */
  readonly images?: number
  /** Scenes to test on: a fifth as many. */
  readonly test?: number
  readonly objects?: readonly [least: number, most: number]
  readonly seed?: number
}

interface Part {
  readonly name: 'train' | 'test'
  readonly pictures: Dataset<ClassificationSample>
  readonly count: number
}

/**
 * `ddnet data prepare --synthetic scenes`: scenes of a data set's pictures, with boxes, masks and captions that are exact. Those to test on
 * are made of the pictures to test on. The same options give the same files.
 */
export async function prepareScenes(name: string, options: SceneOptions, context: CommandContext): Promise<void> {
  const { io } = context
  const { to, images = 2000, test = Math.ceil(images / 5), objects = [1, 4], seed = 0 } = options
  if (to === undefined) throw new UsageError('expected where to write the scenes. As in: --to scenes')
  const root = resolve(io.cwd, to)
  if (existsSync(root) && (await readdir(root)).length > 0) {
    throw new UsageError(`${to} is not empty. Give a new folder with --to`)
  }
  const data = await loadData(namedData(name, ['data.validation=0'], io), io, context.loadData)
  // Pictures in gray are digits of 28 pixels; those in color are worth more room.
  const size = options.size ?? (data.facts.image.channels === 1 ? 64 : 96)
  if (data.test === undefined && test > 0) {
    throw new UsageError(
      `${name} has no test images: scenes to test on must be of other pictures than those to train on. Put some into a folder test, or say --test 0`,
    )
  }
  const parts: Part[] = [{ name: 'train', pictures: data.train, count: images }]
  if (data.test !== undefined && test > 0) parts.push({ name: 'test', pictures: data.test, count: test })
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  const total = parts.reduce((sum, { count }) => sum + count, 0)
  let done = 0
  try {
    for (const part of parts) {
      const written = () => {
        done++
        line.update((columns) => countLine('writing', done, total, columns, style))
      }
      await writePart(part, join(root, part.name), { size, objects, seed, classNames: data.classNames, to, written })
    }
  } finally {
    line.clear()
  }
  io.stdout.write(`${formatCount(total)} scenes of ${data.classNames.length} classes are written to ${to}\n`)
  createCommandLogger(io)('go on', `${commandNames(io.env).ddnet} train ${shellWord(`masks=${to}`)} data.size=${size}`)
}

async function writePart(
  { name, pictures, count }: Part,
  folder: string,
  {
    size,
    objects,
    seed,
    classNames,
    to,
    written,
  }: Required<Pick<SceneOptions, 'size' | 'objects' | 'seed' | 'to'>> & {
    readonly classNames: readonly string[]
    readonly written: () => void
  },
): Promise<void> {
  const all = composed(() => scenes(pictures, { count, size, objects, key: random.key(seed).fold(name) }))
  await all.scene(0).catch(refused) // before there are folders
  for (const each of ['images', 'masks']) await makeFolder(join(folder, each), to, '--to FOLDER')
  const found: { readonly fileName: string; readonly objects: readonly SceneObject[] }[] = []
  await inParallel(count, async (index) => {
    const { sample, objects } = await all.scene(index).catch(refused)
    const fileName = `${String(index).padStart(String(count - 1).length, '0')}.png`
    await write(
      join(folder, 'images', fileName),
      await encodeImage(sample.image.data as Uint8Array, sample.image.shape),
    ) // bytes, as they are made
    await write(join(folder, 'masks', fileName), encodeClassPng(sample.mask))
    found[index] = { fileName, objects }
    written()
  })
  const nouns = nounsOf(classNames)
  const captions = found.map(({ fileName, objects }) =>
    JSON.stringify({ file_name: fileName, ...describeScene(objects, size, nouns) }),
  )
  await write(join(folder, 'annotations.json'), `${JSON.stringify(cocoOfScenes(found, size, classNames))}\n`)
  await write(join(folder, 'captions.jsonl'), `${captions.join('\n')}\n`)
}

const refused = (error: unknown): never => {
  if (!(error instanceof DatasetError)) throw error
  throw new UsageError(error.message.replace(/^scenes: /, ''), { cause: error })
}

function composed<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    return refused(error)
  }
}

const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']

/** Digits are spelled; other classes are called as they are. */
const nounsOf = (classNames: readonly string[]) =>
  classNames.map((name) => nounOf(/^\d$/.test(name) ? itemAt(digits, Number(name)) : name.toLowerCase()))
