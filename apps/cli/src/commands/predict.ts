import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Sample } from '@ddnet/datasets'
import { classify, type Guess } from '../classify.ts'
import { type HeldOut, heldOut } from '../data.ts'
import { UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { Parts } from '../program.ts'
import { readImage } from '../read-image.ts'
import { formatPercent } from '../terminal/format.ts'
import { printable } from '../terminal/printable.ts'
import { wrap } from '../terminal/say.ts'
import { styleFor } from '../terminal/style.ts'
import { type UsedRun, type UseOptions, useRun } from '../use-run.ts'
import { type ShippedModel, useShippedModel } from '../use-shipped-model.ts'

const shownGuesses = 5
const sampleCount = 10
const imageEndings = /\.(png|jpe?g|webp|gif|avif|tiff?|svg)$/i

interface Named {
  readonly sample: Sample
  readonly name: string
  readonly width: number
  readonly height: number
  /** What it is, where that is known. */
  readonly actual?: string
}

export interface PredictOptions extends Partial<UseOptions> {
  readonly json?: boolean
}

/**
 * `ddnet predict RUN IMAGE…`, or `ddnet predict IMAGE…` with the model that `@ddnet/models` carries: the likeliest classes of
 * each image, one line an image.
 *
 * @throws UsageError without a run and an image, and for a checkpoint without a run
 */
export async function predict(words: readonly string[], options: PredictOptions, parts: Parts): Promise<void> {
  const { stdout, cwd } = parts.io
  const { run, images } = await predictorOf(words, options, parts)
  try {
    const { model, config, classNames } = run
    const held = images.length === 0 && 'loadData' in run ? heldOut(await run.loadData()) : undefined
    const total = images.length || Math.min(sampleCount, (held as HeldOut).images.length)
    // The first prediction on a backend prepares its kernels, and its time says nothing of the others.
    await classify(blank(config.size), model, config, classNames)
    for (let index = 0; index < total && stdout.failure === undefined; index++) {
      const image = await namedImage(run, images[index] ?? (held as HeldOut), index, cwd)
      const began = performance.now()
      const guesses = await classify(image.sample, model, config, classNames)
      const milliseconds = performance.now() - began
      const top = guesses.slice(0, shownGuesses)
      stdout.write(
        options.json ? jsonLine(image, top, milliseconds) : textLine(image, top, milliseconds, index, total, parts.io),
      )
    }
  } finally {
    run.dispose()
  }
}

async function predictorOf(
  [first, ...others]: readonly string[],
  options: PredictOptions,
  parts: Parts,
): Promise<{ run: UsedRun | ShippedModel; images: readonly string[] }> {
  if (first === undefined) {
    throw new UsageError('predict: expected a run or image files. As in: ddnet predict photo.png')
  }
  if (!(await isImage(resolve(parts.io.cwd, first)))) {
    return { run: await useRun(first, { checkpoint: 'last', ...options }, parts), images: others }
  }
  if (options.checkpoint !== undefined) {
    throw new UsageError(`--checkpoint is of a run, and ${first} is a file. As in: ddnet predict RUN ${first}`)
  }
  return { run: await useShippedModel(options.backend, parts), images: [first, ...others] }
}

/** Whether it is a file, or would be an image if it were there. */
async function isImage(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found === undefined ? imageEndings.test(path) : found.isFile()
}

const blank = (size: number): Sample => ({
  image: new Uint8Array(size * size * 3),
  shape: [size, size, 3],
  label: -100,
})

/** An image file, or one of those that the run was not trained on. */
async function namedImage(
  run: UsedRun | ShippedModel,
  source: string | HeldOut,
  index: number,
  cwd: string,
): Promise<Named> {
  if (typeof source !== 'string') {
    const sample = await source.images.get(index)
    const [height, width] = sample.shape
    return {
      sample,
      name: `${source.split} image ${index}`,
      width,
      height,
      actual: run.classNames[sample.label] as string,
    }
  }
  const sample = await readImage(resolve(cwd, source), run.config.size, source)
  return { sample, name: source, width: sample.width, height: sample.height }
}

function jsonLine({ name, actual }: Named, guesses: readonly Guess[], milliseconds: number): string {
  return `${JSON.stringify({ image: name, ...(actual !== undefined && { actual }), predictions: guesses, milliseconds })}\n`
}

/** One line, which a terminal that is too narrow for it gets broken between classes. */
function textLine(
  { name, width, height, actual }: Named,
  guesses: readonly Guess[],
  milliseconds: number,
  index: number,
  total: number,
  { stdout, env }: Io,
): string {
  const [first, ...others] = guesses.map(
    ({ name, confidence }) => `${printable(name)}${unbroken}${formatPercent(confidence)}`,
  )
  const color = actual === undefined ? 'bold' : actual === guesses[0]?.name ? 'green' : 'red'
  const truth = actual === undefined ? '' : ` (${printable(actual)})`
  const top = [styleFor(stdout, env)(color, first ?? ''), ...others].join(', ')
  const text = `image ${index + 1}/${total} ${printable(name)}${truth}: ${width}x${height} ${top}, ${milliseconds.toFixed(1)}ms`
  const lines = stdout.isTTY === true ? wrap(text, (stdout.columns ?? 80) - indent.length) : [text]
  return `${lines.join(`\n${indent}`).replaceAll(unbroken, ' ')}\n`
}

const unbroken = '\u00a0'
const indent = '  '
