import { extname, join, resolve } from 'node:path'
import { loadData } from '../data.ts'
import { type ImageList, listImageFolder } from '../data-folder.ts'
import { explain } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { inParallel } from '../in-parallel.ts'
import type { Io } from '../io.ts'
import { namedData } from '../named-data.ts'
import type { Parts } from '../program.ts'
import { measureImage } from '../read-image.ts'
import { shareBar } from '../terminal/bar.ts'
import { formatCount } from '../terminal/format.ts'
import { liveLine } from '../terminal/live-line.ts'
import { printable } from '../terminal/printable.ts'
import { countLine } from '../terminal/progress-line.ts'
import { sayer } from '../terminal/say.ts'
import { styleFor } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'

const barWidth = 30
const mostSizes = 5

/** What is in a data set. */
export interface Inspection {
  readonly classes: readonly { readonly name: string; readonly train: number; readonly test?: number }[]
  /** `640x480`, the commonest first. */
  readonly sizes: readonly { readonly size: string; readonly images: number }[]
  /** `jpg`, the commonest first; none for data that are not files. */
  readonly kinds: readonly { readonly kind: string; readonly images: number }[]
  readonly broken: readonly { readonly file: string; readonly problem: string }[]
}

/** `ddnet data inspect`. Returns the exit code: 1 where an image cannot be read. */
export async function inspectData(name: string, options: { readonly json?: boolean }, parts: Parts): Promise<number> {
  const { io } = parts
  const config = namedData(name, [], io)
  const found =
    config.data.name === 'cifar10'
      ? inspectionOf(await loadData(config, io, parts.loadData))
      : await inspectFolder(resolve(io.cwd, config.data.directory as string), io)
  if (options.json) io.stdout.write(`${JSON.stringify(found)}\n`)
  else show(found, io)
  return found.broken.length === 0 ? exitCodes.done : exitCodes.failed
}

/** CIFAR-10 was verified when it was loaded: every image is there, and of one size. */
function inspectionOf({ train, test, classNames }: Awaited<ReturnType<typeof loadData>>): Inspection {
  return {
    classes: classNames.map((name, label) => ({
      name,
      train: countOf(train.labels ?? [], label),
      test: countOf(test.labels ?? [], label),
    })),
    sizes: [{ size: '32x32', images: train.length + test.length }],
    kinds: [],
    broken: [],
  }
}

async function inspectFolder(directory: string, io: Io): Promise<Inspection> {
  const { train, test } = await listImageFolder(directory)
  const names = [...train.names, ...(test?.names ?? [])]
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  const sizes = new Map<string, number>()
  const kinds = new Map<string, number>()
  const broken: { file: string; problem: string }[] = []
  let done = 0
  const inspect = async (index: number) => {
    const file = names[index] as string
    try {
      const { width, height } = await measureImage(join(directory, file), file)
      count(sizes, `${width}x${height}`)
      count(kinds, extname(file).slice(1).toLowerCase().replace('jpeg', 'jpg'))
    } catch (error) {
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
    classes: train.classNames.map((name, label) => ({
      name,
      train: countOf(train.labels, label),
      ...(test !== undefined && { test: countOf((test as ImageList).labels, label) }),
    })),
    sizes: sorted(sizes).map(([size, images]) => ({ size, images })),
    kinds: sorted(kinds).map(([kind, images]) => ({ kind, images })),
    broken: broken.sort((a, b) => (a.file < b.file ? -1 : 1)),
  }
}

const countOf = (labels: ArrayLike<number>, label: number): number =>
  Array.from(labels).filter((each) => each === label).length

const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)

/** The commonest first, and by name where there are as many. */
const sorted = (counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].sort(([a, times], [b, others]) => others - times || (a < b ? -1 : 1))

function show({ classes, sizes, kinds, broken }: Inspection, io: Io): void {
  const style = styleFor(io.stdout, io.env)
  const hasTest = classes.some(({ test }) => test !== undefined)
  const most = Math.max(...classes.map(({ train }) => train))
  const head = ['class', ...(hasTest ? ['train', 'test'] : ['images'])].map((text) => style('dim', text))
  const rows = classes.map(({ name, train, test }) => [
    printable(name),
    formatCount(train),
    ...(hasTest ? [formatCount(test ?? 0)] : []),
    style('cyan', shareBar(train / most, barWidth)),
  ])
  const sum = (part: 'train' | 'test') => formatCount(classes.reduce((total, each) => total + (each[part] ?? 0), 0))
  const total = [`${classes.length} classes`, sum('train'), ...(hasTest ? [sum('test')] : [])].map((text) =>
    style('bold', text),
  )
  for (const row of table([head, ...rows, total], { right: [1, 2].slice(0, hasTest ? 2 : 1) }))
    io.stdout.write(`${row}\n`)
  const say = sayer({ ...io, stderr: io.stdout })
  io.stdout.write('\n')
  const shown = sizes.slice(0, mostSizes).map(({ size, images }) => `${size} (${formatCount(images)})`)
  say(
    'sizes',
    [...shown, ...(sizes.length > mostSizes ? [`${sizes.length - mostSizes} more`] : [])].join(', ') || 'none',
  )
  if (kinds.length > 0) say('files', kinds.map(({ kind, images }) => `${kind} (${formatCount(images)})`).join(', '))
  for (const { problem } of broken) say('broken', problem)
}
