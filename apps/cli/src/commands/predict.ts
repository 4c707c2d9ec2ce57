import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { type ClassificationSample, imageField } from '@ddnet/datasets'
import { exhaustedCode } from '@ddnet/datasets/node'
import {
  type DataFacts,
  type HeldOut,
  heldOut,
  pictureOf,
  predictSample,
  type RunSample,
  type RunTask,
} from '@ddnet/experiment'
import type { Json } from '@ddnet/trainer'
import { encodePng } from '@ddnet/visuals'
import type { CommandContext } from '../context.ts'
import { cocoResults } from '../data/coco-results.ts'
import { imageFiles, isOfImages } from '../data/image-files.ts'
import { readImage, readWholeImage } from '../data/read-image.ts'
import { CliError, explain, UsageError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { makeFolder, writeWhole } from '../files.ts'
import { type UsedRun, type UseOptions, useRun } from '../run/use-run.ts'
import { type ShippedModel, useShippedModel } from '../run/use-shipped-model.ts'
import type { Io } from '../terminal/io.ts'
import { createLogger, wrap } from '../terminal/logger.ts'
import { printable } from '../terminal/printable.ts'
import { reportError } from '../terminal/report-error.ts'
import { styleFor } from '../terminal/style.ts'

const sampleCount = 10

interface Named {
  readonly sample: RunSample
  readonly name: string
  readonly width: number
  readonly height: number
  /** Its class, where the data has one for it. */
  readonly actual?: string
}

export interface PredictOptions extends Partial<UseOptions> {
  readonly json?: boolean
  readonly csv?: boolean
  /** Where COCO's results are written. */
  readonly coco?: string
  /** COCO's JSON with the ids of the images. */
  readonly annotations?: string
  /** Where files of the predictions are written. */
  readonly to?: string
  readonly force?: boolean
}

/**
 * `ddnet predict RUN IMAGE…`, or `ddnet predict IMAGE…` with the model that `@ddnet/models` carries: what the model says of
 * each image, as its task tells it, one line an image. Images are files, folders, patterns and `-`; one that cannot be read is told, and the others
 * go on. With `--to FOLDER` what the task writes of each prediction is written there, a mask or its picture.
 *
 * @returns the exit code: failed where an image could not be read
 * @throws UsageError without a run and an image, for a checkpoint without a run, and for two formats
 */
export async function predict(
  words: readonly string[],
  options: PredictOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { stdout } = context.io
  if (options.csv && options.json) throw new UsageError('--csv and --json contradict each other. Give one of them.')
  if (options.force && options.to === undefined) throw new UsageError('--force goes with --to FOLDER. Leave it out.')
  if (options.annotations !== undefined && options.coco === undefined) {
    throw new UsageError('--annotations goes with --coco FILE. Leave it out.')
  }
  const { run, images } = await predictorOf(words, options, context)
  let exitCode: ExitCode = exitCodes.done
  try {
    const { views } = run.task
    const written =
      options.to === undefined ? undefined : await outputFolder(options.to, options.force, images, context.io)
    const results = options.coco === undefined ? undefined : await cocoResults(run, images, options, context.io)
    const held = images.length === 0 && 'loadData' in run ? heldOut(await run.loadData()) : undefined
    const total = images.length || Math.min(sampleCount, held?.samples.length ?? 0)
    // The first prediction on a backend prepares its kernels, and its time says nothing of the others.
    await predictSample(run, blank(run.facts.image))
    let hasHead = false
    const failed: string[] = []
    // Whoever reads them has seen enough, or nothing more can be written.
    for (let index = 0; index < total && stdout.failure === undefined; index++) {
      const source = images[index]
      let image: Named
      try {
        image = held === undefined ? await namedImage(run, source ?? '', context.io) : await heldImage(run, held, index)
      } catch (error) {
        if (source === undefined || exhaustedCode(error) !== undefined) throw error
        const { message, exitCode: code } = explain(error)
        exitCode = code
        failed.push(source)
        reportError(context.io, message)
        if (options.json) stdout.write(`${JSON.stringify({ image: source, error: message })}\n`)
        continue
      }
      const began = performance.now()
      const prediction = await predictSample(run, image.sample)
      const milliseconds = performance.now() - began
      results?.add(image.name, views.boxes?.(prediction) ?? [])
      const files = await written?.write(image.name, filesOf(views, image, prediction))
      if (options.csv) {
        const rows = views.rows(prediction)
        if (!hasHead && rows[0] !== undefined) stdout.write(csvLine(['image', ...Object.keys(rows[0])]))
        hasHead ||= rows.length > 0
        stdout.write(rows.map((row) => csvLine([image.name, ...Object.values(row)])).join(''))
      } else if (options.json) {
        const told = jsonOf(views.json(prediction))
        stdout.write(`${JSON.stringify({ image: image.name, ...told, ...(files && { files }), milliseconds })}\n`)
      } else stdout.write(textLine(image, prediction, views, milliseconds, `${index + 1}/${total}`, context.io))
    }
    const say = createLogger(context.io)
    if (results !== undefined) say('results', await results.write())
    if (written !== undefined) say('files', `${written.count} in ${options.to}`)
    if (failed.length > 0 && total > 1) {
      const names = failed.slice(0, maxNamed).map(printable).join(', ')
      const more = failed.length > maxNamed ? ` and ${failed.length - maxNamed} more` : ''
      say('left out', `${failed.length} of ${total} images, which could not be read: ${names}${more}`)
    }
    return exitCode
  } finally {
    run.dispose()
  }
}

/** So many images that could not be read are named at the end. */
const maxNamed = 5

const filesOf = (
  views: RunTask['views'],
  { sample }: Named,
  prediction: unknown,
): Readonly<Record<string, Uint8Array>> => {
  const predicted = { image: pictureOf(sample.image), prediction }
  return views.files?.(predicted) ?? { '.png': encodePng(views.picture([predicted])) }
}

/** A folder for what is written of images, each file with the name of its image; images in folders keep these. */
async function outputFolder(
  folder: string,
  force: boolean | undefined,
  images: readonly string[],
  { cwd }: Pick<Io, 'cwd'>,
) {
  const path = resolve(cwd, folder)
  await makeFolder(path, folder, '--to FOLDER')
  if (!force && (await readdir(path)).length > 0) {
    throw new CliError(
      `${folder} has files in it already. Give a new folder as --to, or write among them, and over those of the same names, with --force.`,
    )
  }
  const sources = new Set(images.map((name) => resolve(cwd, name)))
  const above = commonFolder(images.filter((name) => name !== '-').map((name) => resolve(cwd, name)))
  const taken = new Set<string>()
  const nameOf = (image: string): string => {
    const file = sources.has(resolve(cwd, image)) ? relative(above, resolve(cwd, image)) : image.replaceAll(' ', '-')
    const stem = image === '-' ? 'stdin' : file.replace(/\.[^./\\]*$/, '')
    for (let copy = 1; ; copy++) {
      const name = copy === 1 ? stem : `${stem}-${copy}`
      if (taken.has(name.toLowerCase())) continue // also where a disk does not tell A from a
      taken.add(name.toLowerCase())
      return name
    }
  }
  return {
    count: 0,
    async write(image: string, files: Readonly<Record<string, Uint8Array>>): Promise<string[]> {
      const name = nameOf(image)
      const written: string[] = []
      for (const [ending, bytes] of Object.entries(files)) {
        const file = join(path, name + ending)
        if (sources.has(file)) {
          throw new CliError(`${join(folder, name + ending)} is one of the images. Give another folder as --to.`)
        }
        await makeFolder(dirname(file), join(folder, dirname(name)), '--to FOLDER')
        await writeWhole(file, bytes)
        written.push(join(folder, name + ending))
        this.count++
      }
      return written
    },
  }
}

/** The folder that all of these files are below. */
function commonFolder(paths: readonly string[]): string {
  const [first, ...others] = paths.map((path) => dirname(path).split(sep))
  const shared = first?.findIndex((part, at) => others.some((other) => other[at] !== part)) ?? -1
  return (shared < 0 ? first : first?.slice(0, shared))?.join(sep) || sep
}

/** What a task tells of a prediction, as parts of a line of JSON. */
const jsonOf = (told: Json): Readonly<Record<string, Json>> =>
  typeof told === 'object' && told !== null && !Array.isArray(told)
    ? (told as Readonly<Record<string, Json>>) // the only kind of JSON that is left
    : { prediction: told }

async function predictorOf(
  [first, ...others]: readonly string[],
  options: PredictOptions,
  context: CommandContext,
): Promise<{ run: UsedRun | ShippedModel; images: readonly string[] }> {
  const { io } = context
  if (first === undefined) {
    throw new UsageError('predict: expected a run or images. As in: ddnet predict photo.png')
  }
  if (!(await isOfImages(first, io))) {
    const images = await imageFiles(others, io)
    return { run: await useRun(first, { checkpoint: 'last', ...options }, context), images }
  }
  if (options.checkpoint !== undefined) {
    throw new UsageError(`--checkpoint is of a run, and ${first} is none. As in: ddnet predict RUN ${first}`)
  }
  const images = await imageFiles([first, ...others], io)
  return { run: await useShippedModel(options.backend, context), images }
}

/** Of the first class, for a model that is told classes. */
const blank = ({ height, width, channels }: DataFacts['image']): RunSample & { readonly label: number } => ({
  image: imageField(new Uint8Array(height * width * channels), [height, width, channels]),
  label: 0,
})

/** One of the samples that the run was not trained on. */
async function heldImage(
  { classNames }: Pick<UsedRun, 'classNames'>,
  { split, samples }: HeldOut<ClassificationSample>,
  index: number,
): Promise<Named> {
  const sample = await samples.get(index)
  const [height, width] = sample.image.shape
  const actual = classNames[sample.label]
  return { sample, name: `${split} image ${index}`, width, height, ...(actual !== undefined && { actual }) }
}

/** An image file, or what is piped in. */
async function namedImage(
  { facts, task }: Pick<UsedRun, 'facts' | 'task'>,
  source: string,
  io: Pick<Io, 'cwd' | 'stdin'>,
): Promise<Named> {
  const read = (path: string) =>
    task.predictWhole === undefined
      ? readImage(path, facts.image, source)
      : readWholeImage(path, facts.image.channels, source)
  const { width, height, ...sample } = await (source === '-' ? readPiped(io, read) : read(resolve(io.cwd, source)))
  return { sample, name: source, width, height }
}

/** More than any image that is decoded has, so that an endless pipe ends. */
const maxPipedBytes = 256e6

async function readPiped<T>({ stdin }: Pick<Io, 'stdin'>, read: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ddnet-stdin-'))
  try {
    const pieces: Uint8Array[] = []
    let bytes = 0
    for await (const piece of stdin ?? []) {
      pieces.push(piece)
      bytes += piece.length
      if (bytes > maxPipedBytes)
        throw new CliError(`standard input has more than ${maxPipedBytes / 1e6} MB: expected one image.`)
    }
    if (bytes === 0)
      throw new CliError('standard input is empty: expected an image. As in: ddnet predict - < photo.png')
    const path = join(folder, 'image')
    await writeFile(path, Buffer.concat(pieces))
    return await read(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A row of RFC 4180. */
const csvLine = (cells: readonly (string | number)[]): string => `${cells.map(csvCell).join(',')}\n`

const csvCell = (value: string | number): string => {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** One line, which a terminal that is too narrow for it gets broken between the parts of the prediction. */
function textLine(
  { name, width, height, actual }: Named,
  prediction: unknown,
  views: RunTask['views'],
  milliseconds: number,
  count: string,
  { stdout, env }: Io,
): string {
  const [first = '', ...others] = views
    .line(prediction)
    .split(', ')
    .map((part) => printable(part).replaceAll(' ', unbroken))
  const isRight = views.isRight?.(prediction)
  const color = isRight === undefined ? 'bold' : isRight ? 'green' : 'red'
  const truth = actual === undefined ? '' : ` (${printable(actual)})`
  const told = [styleFor(stdout, env)(color, first), ...others].join(', ')
  const text = `image ${count} ${printable(name)}${truth}: ${width}x${height} ${told}, ${milliseconds.toFixed(1)}ms`
  const lines = stdout.isTTY === true ? wrap(text, (stdout.columns ?? 80) - indent.length) : [text]
  return `${lines.join(`\n${indent}`).replaceAll(unbroken, ' ')}\n`
}

const unbroken = '\u00a0'
const indent = '  '
