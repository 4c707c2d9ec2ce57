import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type ClassificationSample, imageField } from '@ddnet/datasets'
import { exhaustedCode } from '@ddnet/datasets/node'
import { type DataFacts, type HeldOut, heldOut, predictSample, type RunSample, type RunTask } from '@ddnet/experiment'
import type { Json } from '@ddnet/trainer'
import type { CommandContext } from '../context.ts'
import { imageFiles, isOfImages } from '../data/image-files.ts'
import { readImage } from '../data/read-image.ts'
import { CliError, explain, UsageError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { type UsedRun, type UseOptions, useRun } from '../run/use-run.ts'
import { type ShippedModel, useShippedModel } from '../run/use-shipped-model.ts'
import type { Io } from '../terminal/io.ts'
import { wrap } from '../terminal/logger.ts'
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
}

/**
 * `ddnet predict RUN IMAGE…`, or `ddnet predict IMAGE…` with the model that `@ddnet/models` carries: what the model says of
 * each image, as its task tells it, one line an image. Images are files, folders, patterns and `-`; one that cannot be read is told, and the others go on.
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
  const { run, images } = await predictorOf(words, options, context)
  let exitCode: ExitCode = exitCodes.done
  try {
    const { views } = run.task
    const held = images.length === 0 && 'loadData' in run ? heldOut(await run.loadData()) : undefined
    const total = images.length || Math.min(sampleCount, held?.samples.length ?? 0)
    // The first prediction on a backend prepares its kernels, and its time says nothing of the others.
    await predictSample(run, blank(run.facts.image))
    let isFirst = true
    // Whoever read them has seen enough, or nothing more can be written.
    for (let index = 0; index < total && stdout.failure === undefined; index++) {
      const source = images[index]
      let image: Named
      try {
        image = held === undefined ? await namedImage(run, source ?? '', context.io) : await heldImage(run, held, index)
      } catch (error) {
        if (source === undefined || exhaustedCode(error) !== undefined) throw error
        const { message, exitCode: code } = explain(error)
        exitCode = code
        reportError(context.io, message)
        if (options.json) stdout.write(`${JSON.stringify({ image: source, error: message })}\n`)
        continue
      }
      const began = performance.now()
      const prediction = await predictSample(run, image.sample)
      const milliseconds = performance.now() - began
      if (options.csv) {
        const rows = views.rows(prediction)
        if (isFirst) stdout.write(csvLine(['image', ...Object.keys(rows[0] ?? {})]))
        stdout.write(rows.map((row) => csvLine([image.name, ...Object.values(row)])).join(''))
      } else if (options.json) {
        stdout.write(`${JSON.stringify({ image: image.name, ...jsonOf(views.json(prediction)), milliseconds })}\n`)
      } else stdout.write(textLine(image, prediction, views, milliseconds, `${index + 1}/${total}`, context.io))
      isFirst = false
    }
    return exitCode
  } finally {
    run.dispose()
  }
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

const blank = ({ height, width, channels }: DataFacts['image']): RunSample => ({
  image: imageField(new Uint8Array(height * width * channels), [height, width, channels]),
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
  { facts }: Pick<UsedRun, 'facts'>,
  source: string,
  io: Pick<Io, 'cwd' | 'stdin'>,
): Promise<Named> {
  const read = source === '-' ? readPiped(io, facts.image) : readImage(resolve(io.cwd, source), facts.image, source)
  const { width, height, ...sample } = await read
  return { sample, name: source, width, height }
}

/** More than any image that is decoded has, so that an endless pipe ends. */
const maxPipedBytes = 256e6

async function readPiped({ stdin }: Pick<Io, 'stdin'>, image: DataFacts['image']): ReturnType<typeof readImage> {
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
    return await readImage(path, image, '-')
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
