import { join, resolve } from 'node:path'
import { generateImages, type NewImage, nearest } from '@ddnet/experiment'
import { itemAt } from '@ddnet/ops/checks'
import { encodePng, grid, type Picture, pictureTable } from '@ddnet/visuals'
import type { CommandContext } from '../context.ts'
import { UsageError } from '../errors.ts'
import { makeFolder, writeWhole } from '../files.ts'
import { type UsedRun, type UseOptions, useRun } from '../run/use-run.ts'
import { formatCount } from '../terminal/format.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createLogger } from '../terminal/logger.ts'
import { printable } from '../terminal/printable.ts'
import { countLine } from '../terminal/progress-line.ts'
import { shellWord } from '../terminal/shell-word.ts'
import { styleFor } from '../terminal/style.ts'

export interface GenerateCommandOptions extends UseOptions {
  readonly interpolate?: boolean
  readonly to?: string
  readonly json?: boolean
}

/** What the words of a command line ask for. */
interface Asked {
  readonly count: number
  readonly seed: number
  readonly between?: number
  readonly class?: string
  readonly steps?: number
  readonly eta?: number
  readonly guidance?: number
}

/** Of an interpolation, where nobody says how many. */
const rows = 8
const columns = 9
/** Images on a sheet; of more there are single images alone. */
const mostOnSheet = 1024

/**
 * `ddnet generate RUN count=64 seed=1`: new images of a run that makes some, as a sheet and one by one. The same words give the same bytes on
 * the same backend.
 *
 * @throws UsageError for words that it does not know, and for a run that makes no images
 */
export async function generate(
  path: string,
  words: readonly string[],
  options: GenerateCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { io } = context
  const asked = readWords(words, options.interpolate ?? false)
  const run = await useRun(path, options, context)
  try {
    const labels = labelsOf(asked, run)
    const sampling = samplingOf(asked, run)
    const line = liveLine(io)
    const style = styleFor(io.stderr, io.env)
    const images = await generateImages(run, { ...asked, ...sampling, ...(labels && { labels }) }, (done, total) =>
      line.update((width) => countLine('generating', done, total, width, style)),
    ).finally(() => line.clear())
    const folder = options.to ?? join(run.folder.path, 'generated', folderName(asked))
    if (options.to === undefined) await run.folder.refuseLink('generated')
    await makeFolder(resolve(io.cwd, folder), folder, '--to FOLDER')
    const files = await writeImages(resolve(io.cwd, folder), images, run, asked)
    const { step } = run.checkpoint
    const classes = images.map(({ label }) => (label === undefined ? undefined : run.classNames[label]))
    if (options.json) {
      const made = files.map((file, at) => ({ file: join(folder, file), ...(classes[at] && { class: classes[at] }) }))
      const about = { run: run.folder.path, checkpoint: options.checkpoint, step, ...asked, ...sampling }
      io.stdout.write(`${JSON.stringify({ ...about, sheet: join(folder, sheetName), images: made })}\n`)
      return
    }
    const say = createLogger({ ...io, stderr: io.stdout })
    say('sheet', join(folder, sheetName))
    const kinds = labels === undefined ? '' : `, ${printable(asked.class ?? 'all classes in turn')}`
    say('images', `${formatCount(files.length)} in ${folder}, seed ${asked.seed}${kinds}`)
  } finally {
    run.dispose()
  }
}

const sheetName = 'sheet.png'

/** What there is to ask for: what a value must be, and one that can be copied. */
const known: Readonly<Record<keyof Asked, { readonly expects: string; readonly example: string }>> = {
  count: { expects: 'a whole number above 0', example: '64' },
  seed: { expects: 'a whole number from 0 to 4294967295', example: '1' },
  between: { expects: 'a whole number of at least 2', example: String(columns) },
  class: { expects: 'the name of a class', example: 'cat' },
  steps: { expects: 'a whole number above 0', example: '50' },
  eta: { expects: 'a number from 0 to 1', example: '1' },
  guidance: { expects: 'a number of at least 0', example: '2' },
}

const fits: Readonly<Record<Exclude<keyof Asked, 'class'>, (value: number) => boolean>> = {
  count: (value) => Number.isSafeInteger(value) && value > 0,
  seed: (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32,
  between: (value) => Number.isSafeInteger(value) && value >= 2,
  steps: (value) => Number.isSafeInteger(value) && value > 0,
  eta: (value) => value >= 0 && value <= 1,
  guidance: (value) => value >= 0 && Number.isFinite(value),
}

const isKnown = (name: string): name is keyof Asked => Object.hasOwn(known, name)

/** @throws UsageError for a word that is none of these */
function readWords(words: readonly string[], interpolates: boolean): Asked {
  const found: Partial<Record<keyof Asked, number | string>> = {}
  for (const word of words) {
    const at = word.indexOf('=')
    const name = at < 1 ? word : word.slice(0, at)
    if (at < 1 || !isKnown(name)) {
      const names = Object.keys(known)
      const similar = isKnown(name) ? name : nearest(name, names)
      const example = similar !== undefined && isKnown(similar) ? ` Similar: ${similar}=${known[similar].example}` : ''
      throw new UsageError(`'${word}': expected ${names.map((each) => `${each}=…`).join(', ')}.${example}`)
    }
    const text = word.slice(at + 1)
    const value = name === 'class' ? text : Number(text)
    const isRight = name === 'class' ? text !== '' : text.trim() !== '' && fits[name](Number(text))
    if (!isRight) {
      throw new UsageError(`${word}: expected ${known[name].expects}. Try ${name}=${known[name].example}`)
    }
    found[name] = value
  }
  if (found.between !== undefined && !interpolates) {
    throw new UsageError(`between=${found.between} is of an interpolation. Add --interpolate, or leave it out.`)
  }
  return {
    count: interpolates ? rows : 64,
    seed: 1,
    ...(interpolates && { between: columns }),
    ...(found as Partial<Asked>), // each was checked
  }
}

/** @throws UsageError for a class that there is not, and for a run that is told none */
function labelsOf({ class: name, count }: Asked, { task, classNames, folder }: UsedRun): number[] | undefined {
  if (task.generation === undefined) {
    throw new UsageError(
      `${folder.path} was trained for task=${task.name}, which makes no images. Train a model that does, as in: ddnet train mnist model=vae`,
    )
  }
  if (name === undefined) return undefined
  if (task.conditionClasses === undefined) {
    throw new UsageError(
      `class=${name}: the model of ${folder.path} was not told classes, so it cannot be asked for one. Leave it out, or train with task.conditional=true`,
    )
  }
  const label = classNames.indexOf(name)
  if (label >= 0) return Array.from({ length: count }, () => label)
  const similar = nearest(name, classNames)
  throw new UsageError(
    `class=${name}: expected one of ${classNames.join(', ')}.${similar === undefined ? '' : ` Try class=${shellWord(similar)}`}`,
  )
}

/** @throws UsageError for what only images have that are made in steps */
function samplingOf(
  { steps, eta, guidance }: Asked,
  { task, model }: UsedRun,
): Pick<Asked, 'steps' | 'eta' | 'guidance'> {
  const sampling = task.generation?.sampling
  const given = Object.entries({ steps, eta, guidance }).filter(([, value]) => value !== undefined)
  const [first] = given
  if (first === undefined) return {}
  if (sampling === undefined) {
    throw new UsageError(
      `${first[0]}=${first[1]}: task=${task.name} makes an image in one pass, and not in steps. Leave it out.`,
    )
  }
  const most = task.generation?.mostSteps?.(model) ?? Number.POSITIVE_INFINITY
  if (steps !== undefined && steps > most) {
    throw new UsageError(
      `steps=${steps}: the model was trained with ${most} levels of noise, expected at most as many steps. Try steps=${most}`,
    )
  }
  if (guidance !== undefined && task.conditionClasses === undefined) {
    throw new UsageError(
      `guidance=${guidance} pushes images to their class, and the model was not told classes. Leave it out, or train with task.conditional=true`,
    )
  }
  return Object.fromEntries(given)
}

/** `count=64,seed=1`: other words, another folder, so that nothing of one is left in the other. */
const folderName = (asked: Asked): string =>
  Object.entries(asked)
    .map(([name, value]) => `${name}=${String(value).replace(/[^\w.-]+/g, '-')}`)
    .join(',')

/** Writes a sheet and each image; the names of the images. */
async function writeImages(
  folder: string,
  images: readonly NewImage[],
  { classNames }: UsedRun,
  { between }: Asked,
): Promise<string[]> {
  const digits = Math.max(4, String(images.length - 1).length)
  const files = images.map((_, at) => `${String(at).padStart(digits, '0')}.png`)
  for (const [at, { picture }] of images.entries()) {
    await writeWhole(join(folder, itemAt(files, at)), encodePng(picture))
  }
  await writeWhole(join(folder, sheetName), encodePng(sheetOf(images.slice(0, mostOnSheet), classNames, between)))
  return files
}

/** All images in a square, a row for each interpolation; with their classes where they have some. */
function sheetOf(images: readonly NewImage[], classNames: readonly string[], between: number | undefined): Picture {
  const pictures = images.map(({ picture }) => picture)
  const scale = Math.max(1, Math.floor(64 / (pictures[0]?.width ?? 64)))
  if (between !== undefined) return grid(pictures, { columns: between, scale })
  const labels = images.map(({ label }) => label)
  if (labels.every((label) => label === undefined)) return grid(pictures, { scale })
  const kinds = [...new Set(labels)].sort((a = 0, b = 0) => a - b)
  const across = Math.min(10, Math.max(...kinds.map((kind) => labels.filter((label) => label === kind).length)))
  const tableRows = kinds.flatMap((kind) => {
    const own = pictures.filter((_, at) => labels[at] === kind)
    return Array.from({ length: Math.ceil(own.length / across) }, (_, row) => ({
      ...(row === 0 && { label: classNames[kind ?? -1] ?? '' }),
      pictures: own.slice(row * across, (row + 1) * across),
    }))
  })
  return pictureTable(tableRows, { scale })
}
