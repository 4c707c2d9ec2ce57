import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type ClassificationSample, imageField } from '@ddnet/datasets'
import { exhaustedCode } from '@ddnet/datasets/node'
import type { DataFacts } from '@ddnet/experiment'
import type { CommandContext } from '../context.ts'
import { imageFiles, isOfImages } from '../data/image-files.ts'
import { type HeldOut, heldOut } from '../data/labelled-images.ts'
import { readImage } from '../data/read-image.ts'
import { CliError, explain, UsageError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { predictOne } from '../pictures/predictions-picture.ts'
import { type UsedRun, type UseOptions, useRun } from '../run/use-run.ts'
import { type ShippedModel, useShippedModel } from '../run/use-shipped-model.ts'
import { formatPercent } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import { wrap } from '../terminal/logger.ts'
import { printable } from '../terminal/printable.ts'
import { reportError } from '../terminal/report-error.ts'
import { styleFor } from '../terminal/style.ts'

const shownGuesses = 5
const sampleCount = 10

interface Named {
  readonly sample: ClassificationSample
  readonly name: string
  readonly width: number
  readonly height: number
  /** What it is, where that is known. */
  readonly actual?: string
}

export interface PredictOptions extends Partial<UseOptions> {
  readonly json?: boolean
  readonly csv?: boolean
}

/**
 * `ddnet predict RUN IMAGE…`, or `ddnet predict IMAGE…` with the model that `@ddnet/models` carries: the likeliest classes of
 * each image, one line an image. Images are files, folders, patterns and `-`; one that cannot be read is told, and the others go on.
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
    const total = images.length || Math.min(sampleCount, (held as HeldOut).images.length)
    // The first prediction on a backend prepares its kernels, and its time says nothing of the others.
    await predictOne(run, blank(run.facts.image))
    let isFirst = true
    // Whoever read them has seen enough, or nothing more can be written.
    for (let index = 0; index < total && stdout.failure === undefined; index++) {
      const source = images[index]
      let image: Named
      try {
        image = await namedImage(run, source ?? (held as HeldOut), index, context.io)
      } catch (error) {
        if (source === undefined || exhaustedCode(error) !== undefined) throw error
        const { message, exitCode: code } = explain(error)
        exitCode = code
        reportError(context.io, message)
        if (options.json) stdout.write(`${JSON.stringify({ image: source, error: message })}\n`)
        continue
      }
      const began = performance.now()
      const [prediction] = await predictOne(run, image.sample)
      const milliseconds = performance.now() - began
      const guesses = guessesIn(prediction)?.slice(0, shownGuesses)
      if (options.csv && isFirst) {
        const columns = guesses === undefined ? Object.keys(views.rows(prediction)[0] ?? {}) : guessColumns
        stdout.write(`image,${columns.join(',')}\n`)
      }
      isFirst = false
      const lines = options.csv
        ? guesses === undefined
          ? views
              .rows(prediction)
              .map((row) => csvLine([image.name, ...Object.values(row)]))
              .join('')
          : csvLines(image, guesses)
        : options.json
          ? guesses === undefined
            ? `${JSON.stringify({ image: image.name, prediction: views.json(prediction), milliseconds })}\n`
            : jsonLine(image, guesses, milliseconds)
          : textLine(image, guesses ?? views.line(prediction), milliseconds, index, total, context.io)
      stdout.write(lines)
    }
    return exitCode
  } finally {
    run.dispose()
  }
}

const guessColumns = ['actual', 'rank', 'class', 'confidence']

/** A class that an image may be of. */
interface Guess {
  readonly name: string
  readonly confidence: number
}

/** The classes of a prediction, the likeliest first; nothing for a task without classes. */
function guessesIn(prediction: unknown): readonly Guess[] | undefined {
  if (typeof prediction !== 'object' || prediction === null || !('classes' in prediction)) return undefined
  return Array.isArray(prediction.classes) ? (prediction.classes as Guess[]) : undefined // as the task says
}

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

const blank = ({ height, width, channels }: DataFacts['image']): ClassificationSample => ({
  image: imageField(new Uint8Array(height * width * channels), [height, width, channels]),
  label: -100,
})

/** An image file, or one of those that the run was not trained on. */
async function namedImage(
  run: UsedRun | ShippedModel,
  source: string | HeldOut,
  index: number,
  io: Pick<Io, 'cwd' | 'stdin'>,
): Promise<Named> {
  if (typeof source !== 'string') {
    const sample = await source.images.get(index)
    const [height, width] = sample.image.shape
    return {
      sample,
      name: `${source.split} image ${index}`,
      width,
      height,
      actual: run.classNames[sample.label] as string,
    }
  }
  const size = run.facts.image.height
  const sample = source === '-' ? await readPiped(io, size) : await readImage(resolve(io.cwd, source), size, source)
  return { sample, name: source, width: sample.width, height: sample.height }
}

/** More than any image that is decoded has, so that an endless pipe ends. */
const maxPipedBytes = 256e6

async function readPiped({ stdin }: Pick<Io, 'stdin'>, size: number): ReturnType<typeof readImage> {
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
    return await readImage(path, size, '-')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A row a guess, of RFC 4180. */
const csvLines = ({ name, actual }: Named, guesses: readonly Guess[]): string =>
  guesses.map(({ name: guess, confidence }, at) => csvLine([name, actual ?? '', at + 1, guess, confidence])).join('')

const csvLine = (cells: readonly (string | number)[]): string => `${cells.map(csvCell).join(',')}\n`

const csvCell = (value: string | number): string => {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function jsonLine({ name, actual }: Named, guesses: readonly Guess[], milliseconds: number): string {
  return `${JSON.stringify({ image: name, ...(actual !== undefined && { actual }), predictions: guesses, milliseconds })}\n`
}

/** One line, which a terminal that is too narrow for it gets broken between classes. */
function textLine(
  { name, width, height, actual }: Named,
  found: readonly Guess[] | string,
  milliseconds: number,
  index: number,
  total: number,
  { stdout, env }: Io,
): string {
  const guesses = typeof found === 'string' ? [] : found
  const [first, ...others] = guesses.map(
    ({ name, confidence }) => `${printable(name)}${unbroken}${formatPercent(confidence)}`,
  )
  const color = actual === undefined ? 'bold' : actual === guesses[0]?.name ? 'green' : 'red'
  const truth = actual === undefined ? '' : ` (${printable(actual)})`
  const top =
    typeof found === 'string' ? printable(found) : [styleFor(stdout, env)(color, first ?? ''), ...others].join(', ')
  const text = `image ${index + 1}/${total} ${printable(name)}${truth}: ${width}x${height} ${top}, ${milliseconds.toFixed(1)}ms`
  const lines = stdout.isTTY === true ? wrap(text, (stdout.columns ?? 80) - indent.length) : [text]
  return `${lines.join(`\n${indent}`).replaceAll(unbroken, ' ')}\n`
}

const unbroken = '\u00a0'
const indent = '  '
