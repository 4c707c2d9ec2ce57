import { extname, join, resolve } from 'node:path'
import type { FolderNotes, ImageSplits } from '@ddnet/datasets'
import { exhaustedCode } from '@ddnet/datasets/node'
import { masksSettings, type Split } from '@ddnet/experiment'
import { itemAt } from '@ddnet/ops/checks'
import type { CommandContext } from '../context.ts'
import { inParallel } from '../data/in-parallel.ts'
import type { LabelledImages } from '../data/labelled-images.ts'
import { loadData } from '../data/load-data.ts'
import { isOfMasks, listImageFolder, sayNotes } from '../data/load-folder.ts'
import { directoryOf, namedData } from '../data/named-data.ts'
import { measureImage } from '../data/read-image.ts'
import { explain } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { shareBar } from '../terminal/bar.ts'
import { formatCount } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createLogger } from '../terminal/logger.ts'
import { printable } from '../terminal/printable.ts'
import { countLine } from '../terminal/progress-line.ts'
import { styleFor } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { inspectMasks, showMasks } from './inspect-masks.ts'

const barWidth = 30
const maxSizes = 5
const splits: readonly Split[] = ['validation', 'test']

/** What is in a data set. */
export interface Inspection {
  readonly classes: readonly ({ readonly name: string; readonly train: number } & { readonly [S in Split]?: number })[]
  /** `640x480`, the commonest first. */
  readonly sizes: readonly { readonly size: string; readonly images: number }[]
  /** `jpg`, the commonest first; none for data that are not files. */
  readonly kinds: readonly { readonly kind: string; readonly images: number }[]
  readonly broken: readonly { readonly file: string; readonly problem: string }[]
  /** Files that are not taken, and links out of the folder; none for data that are not files. */
  readonly notes: FolderNotes
}

/** `ddnet data inspect`. Returns the exit code: 1 where an image cannot be read. */
export async function inspectData(
  [name = '', ...settings]: readonly string[],
  options: { readonly json?: boolean },
  context: CommandContext,
): Promise<number> {
  const { io } = context
  const config = namedData(name, ['data.validation=0', ...settings], io) // what there is, undivided
  const tell = <T extends { readonly broken: readonly unknown[] }>(found: T, show: (found: T, io: Io) => void) => {
    if (options.json) io.stdout.write(`${JSON.stringify(found)}\n`)
    else show(found, io)
    return found.broken.length === 0 ? exitCodes.done : exitCodes.failed
  }
  if (config.data.name === 'masks') return tell(await inspectMasks(masksSettings(config), io), showMasks)
  if (config.data.name !== 'folder') return tell(await inspectionOf(await loadData(config, io, context.loadData)), show)
  const directory = resolve(io.cwd, directoryOf(config))
  const lists = await listImageFolder(directory, io)
  if (!isOfMasks(lists)) return tell(await inspectFolder(directory, lists, io), show)
  const masks = namedData(`masks=${directoryOf(config)}`, settings, io)
  return tell(await inspectMasks(masksSettings(masks), io), showMasks)
}

/** What was verified when it was loaded: every image is there, and of one size. */
async function inspectionOf(data: LabelledImages): Promise<Inspection> {
  const [height, width] = (await data.train.get(0)).image.shape
  return {
    classes: classesOf(data),
    sizes: [{ size: `${width}x${height}`, images: data.train.length + (data.test?.length ?? 0) }],
    kinds: [],
    broken: [],
    notes: { leftOut: [], linksOutside: [] },
  }
}

/** How many images of each class each split has. */
function classesOf(data: Pick<LabelledImages, 'train' | Split | 'classNames'>): Inspection['classes'] {
  const countsOf = (labels: ArrayLike<number> = []) => {
    const counts = new Array<number>(data.classNames.length).fill(0)
    for (const label of Array.from(labels)) counts[label] = (counts[label] as number) + 1
    return counts
  }
  const train = countsOf(data.train.labels)
  const held = splits.flatMap((split) => (data[split] ? [[split, countsOf(data[split].labels)] as const] : []))
  return data.classNames.map((name, label) => ({
    name,
    train: train[label] as number,
    ...Object.fromEntries(held.map(([split, counts]) => [split, counts[label]])),
  }))
}

async function inspectFolder(directory: string, found: ImageSplits, io: Io): Promise<Inspection> {
  const names = [found.train, found.validation, found.test].flatMap((part) => part?.names ?? [])
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  const sizes = new Map<string, number>()
  const kinds = new Map<string, number>()
  const broken: { file: string; problem: string }[] = []
  let done = 0
  const inspect = async (index: number) => {
    const file = itemAt(names, index)
    try {
      const { width, height } = await measureImage(join(directory, file), file)
      count(sizes, `${width}x${height}`)
      count(kinds, kindOf(file))
    } catch (error) {
      if (exhaustedCode(error) !== undefined) throw error // the file may be as good as any
      broken.push({ file, problem: explain(error).message })
    }
    done++
    line.update((columns) => countLine('reading', done, names.length, columns, style))
  }
  try {
    await inParallel(names.length, inspect)
  } finally {
    line.clear()
  }
  return {
    classes: classesOf(found),
    sizes: sorted(sizes).map(([size, images]) => ({ size, images })),
    kinds: sorted(kinds).map(([kind, images]) => ({ kind, images })),
    broken: broken.sort((a, b) => (a.file < b.file ? -1 : 1)),
    notes: { leftOut: found.leftOut, linksOutside: found.linksOutside },
  }
}

/** `.jpeg`, `.jpe` and `.jfif` are other names of `.jpg`. */
function kindOf(file: string): string {
  const ending = extname(file).slice(1).toLowerCase()
  return /^(jpe?g|jpe|jfif|jif|pjpe?g|pjp)$/.test(ending) ? 'jpg' : ending === 'tiff' ? 'tif' : ending
}

const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)

/** The commonest first, and by name where there are as many. */
const sorted = (counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].sort(([a, times], [b, others]) => others - times || (a < b ? -1 : 1))

function show({ classes, sizes, kinds, broken, notes }: Inspection, io: Io): void {
  const style = styleFor(io.stdout, io.env)
  const held = splits.filter((split) => classes.some((each) => each[split] !== undefined))
  const most = Math.max(...classes.map(({ train }) => train))
  const head = ['class', ...(held.length > 0 ? ['train', ...held] : ['images'])].map((text) => style('dim', text))
  const rows = classes.map(({ name, train, ...counts }) => [
    printable(name),
    formatCount(train),
    ...held.map((split) => formatCount(counts[split] ?? 0)),
    style('cyan', shareBar(train / most, barWidth)),
  ])
  const sum = (part: 'train' | Split) => formatCount(classes.reduce((total, each) => total + (each[part] ?? 0), 0))
  const total = [`${classes.length} classes`, sum('train'), ...held.map(sum)].map((text) => style('bold', text))
  for (const row of table([head, ...rows, total], { right: [1, 2, 3].slice(0, held.length + 1) }))
    io.stdout.write(`${row}\n`)
  const say = createLogger({ ...io, stderr: io.stdout })
  io.stdout.write('\n')
  const shown = sizes.slice(0, maxSizes).map(({ size, images }) => `${size} (${formatCount(images)})`)
  say('sizes', [...shown, ...(sizes.length > maxSizes ? [`${sizes.length - maxSizes} more`] : [])].join(', ') || 'none')
  if (kinds.length > 0) say('files', kinds.map(({ kind, images }) => `${kind} (${formatCount(images)})`).join(', '))
  for (const { problem } of broken) say('broken', problem)
  sayNotes(notes, say)
}
