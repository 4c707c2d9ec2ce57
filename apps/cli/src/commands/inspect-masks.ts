import { resolve } from 'node:path'
import type { LeftOut } from '@ddnet/datasets'
import { diskFiles, exhaustedCode } from '@ddnet/datasets/node'
import { type MaskSource, type MasksSettings, maskSources, type Split } from '@ddnet/experiment'
import { inParallel } from '../data/in-parallel.ts'
import { explain } from '../errors.ts'
import { shareBar } from '../terminal/bar.ts'
import { formatCount, formatPercent } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createLogger } from '../terminal/logger.ts'
import { printable } from '../terminal/printable.ts'
import { countLine } from '../terminal/progress-line.ts'
import { styleFor } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'

type Part = 'train' | Split
const parts: readonly Part[] = ['train', 'validation', 'test']
const barWidth = 30
const maxShown = 10

interface ClassFigures {
  /** In how many masks of each part it is. */
  readonly images: { readonly [P in Part]?: number }
  /** The share of the pixels that it takes, over all parts. */
  readonly share: number
}

/** What is in a folder of images and masks. */
export interface MaskInspection {
  readonly images: { readonly [P in Part]?: number }
  readonly classes: readonly ({ readonly name: string } & ClassFigures)[]
  /** What belongs to no class. */
  readonly ignored: ClassFigures
  /** Masks that belong to no class as a whole. */
  readonly empty: readonly string[]
  /** `640x480`, the commonest first. */
  readonly sizes: readonly { readonly size: string; readonly images: number }[]
  readonly broken: readonly { readonly file: string; readonly problem: string }[]
  readonly leftOut: readonly LeftOut[]
}

/** Reads all images and masks of a folder, and counts what is in them. */
export async function inspectMasks(settings: MasksSettings, io: Io): Promise<MaskInspection> {
  const sources = await maskSources(settings, (directory) => diskFiles(resolve(io.cwd, directory)))
  const pixels = new Map<number, number>()
  const masks = new Map<number, Map<Part, number>>()
  const sizes = new Map<string, number>()
  const images: { [P in Part]?: number } = {}
  const isOneFile = sources[0]?.classNames !== undefined // which names images by itself
  const broken: { file: string; problem: string }[] = []
  const empty: string[] = []
  const leftOut: LeftOut[] = []
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  const inspect = async ({ part, below, folder, problems }: MaskSource) => {
    broken.push(...problems.map(({ file, problem }) => ({ file: below + file, problem })))
    leftOut.push(...folder.leftOut.map((each) => ({ ...each, names: each.names.map((name) => below + name) })))
    images[part] = folder.length + problems.length
    let done = 0
    await inParallel(folder.length, async (index) => {
      const file = `${below}${isOneFile ? '' : `${settings.images}/`}${folder.names[index]}`
      try {
        const { mask } = await folder.get(index)
        const seen = new Map<number, number>()
        for (const label of mask.data) seen.set(label, (seen.get(label) ?? 0) + 1)
        for (const [label, count] of seen) {
          pixels.set(label, (pixels.get(label) ?? 0) + count)
          const counts = masks.get(label) ?? new Map<Part, number>()
          masks.set(label, counts.set(part, (counts.get(part) ?? 0) + 1))
        }
        if (seen.size === 1 && seen.has(ignoredLabel)) empty.push(file)
        const size = `${mask.shape[1]}x${mask.shape[0]}`
        sizes.set(size, (sizes.get(size) ?? 0) + 1)
      } catch (error) {
        if (exhaustedCode(error) !== undefined) throw error // the file may be as good as any
        broken.push({ file, problem: explain(error).message })
      }
      done++
      line.update((columns) => countLine('reading', done, folder.length, columns, style))
    })
  }
  try {
    for (const source of sources) await inspect(source)
  } finally {
    line.clear()
  }
  const total = [...pixels.values()].reduce((sum, count) => sum + count, 0)
  const figuresOf = (label: number): ClassFigures => ({
    images: Object.fromEntries(
      parts.flatMap((part) => (images[part] === undefined ? [] : [[part, masks.get(label)?.get(part) ?? 0]])),
    ),
    share: total === 0 ? 0 : (pixels.get(label) ?? 0) / total,
  })
  return {
    images,
    classes: namesOf(settings, sources[0]?.classNames, [...pixels.keys()]).map(({ name, label }) => ({
      name,
      ...figuresOf(label),
    })),
    ignored: figuresOf(ignoredLabel),
    empty: empty.sort(),
    sizes: [...sizes]
      .sort(([a, times], [b, others]) => others - times || (a < b ? -1 : 1))
      .map(([size, images]) => ({ size, images })),
    broken: broken.sort((a, b) => (a.file < b.file ? -1 : 1)),
    leftOut,
  }
}

/** What masks have in the place of what is ignored. */
const ignoredLabel = -100

/** The classes that are there or that the settings name, by their names or numbers. */
function namesOf({ classes, colors }: MasksSettings, own: readonly string[] | undefined, found: readonly number[]) {
  const names = own ?? (typeof classes === 'object' && classes !== null ? classes : [])
  const named = typeof classes === 'number' ? classes : Math.max(names.length, colors?.length ?? 0)
  const labels = new Set([...Array(named).keys(), ...found.filter((label) => label >= 0)])
  return [...labels].sort((a, b) => a - b).map((label) => ({ label, name: names[label] ?? String(label) }))
}

/** The inspection in a terminal. */
export function showMasks({ images, classes, ignored, empty, sizes, broken, leftOut }: MaskInspection, io: Io): void {
  const style = styleFor(io.stdout, io.env)
  const own = parts.filter((part) => images[part] !== undefined)
  const head = ['class', ...(own.length > 1 ? own : ['masks']), 'pixels'].map((text) => style('dim', text))
  const row = (name: string, figures: ClassFigures) => [
    name,
    ...own.map((part) => formatCount(figures.images[part] ?? 0)),
    formatPercent(figures.share),
    style('cyan', shareBar(figures.share, barWidth)),
  ]
  const rows = classes.map(({ name, ...figures }) => row(printable(name), figures))
  if (ignored.share > 0) rows.push(row('none', ignored))
  const total = [`${classes.length} classes`, ...own.map((part) => formatCount(images[part] ?? 0))]
  const right = [1, 2, 3, 4].slice(0, own.length + 1)
  for (const line of table([head, ...rows, total.map((text) => style('bold', text))], { right }))
    io.stdout.write(`${line}\n`)
  const say = createLogger({ ...io, stderr: io.stdout })
  io.stdout.write('\n')
  const shown = sizes.slice(0, 5).map(({ size, images }) => `${size} (${formatCount(images)})`)
  say('sizes', [...shown, ...(sizes.length > 5 ? [`${sizes.length - 5} more`] : [])].join(', ') || 'none')
  if (empty.length > 0) {
    const names = empty.slice(0, 3).map(printable).join(', ')
    say('ignored', `${formatCount(empty.length)} as a whole: ${names}${empty.length > 3 ? ' …' : ''}`)
  }
  for (const { problem } of broken.slice(0, maxShown)) say('broken', problem)
  if (broken.length > maxShown) say('', `and ${formatCount(broken.length - maxShown)} more, which --json lists`)
  for (const { what, names, remedy } of leftOut) {
    const examples = `${names.slice(0, 2).map(printable).join(', ')}${names.length > 2 ? ' …' : ''}`
    say('left out', `${formatCount(names.length)} ${what}: ${examples}.${remedy === undefined ? '' : ` ${remedy}`}`)
  }
}
