import { basename, resolve } from 'node:path'
import type { Dataset, Sample } from '@ddnet/datasets'
import { classify, type Guess } from '../classify.ts'
import type { Parts } from '../program.ts'
import { readImage } from '../read-image.ts'
import { formatPercent } from '../terminal/format.ts'
import { type Style, styleFor } from '../terminal/style.ts'
import { type UsedRun, type UseOptions, useRun } from '../use-run.ts'

const shownGuesses = 5
const sampleCount = 10

interface Named {
  readonly sample: Sample
  readonly name: string
  readonly width: number
  readonly height: number
  /** What it is, where that is known. */
  readonly actual?: string
}

/** `ddnet predict RUN IMAGE…`: the likeliest classes of each image, one line an image. */
export async function predict(
  path: string,
  images: readonly string[],
  options: UseOptions & { readonly json?: boolean },
  parts: Parts,
): Promise<void> {
  const { stdout, env, cwd } = parts.io
  const run = await useRun(path, options, parts)
  try {
    const { model, config, classNames } = run
    const test = images.length === 0 ? (await run.loadData()).test : undefined
    const total = images.length || Math.min(sampleCount, (test as Dataset<Sample>).length)
    const style = styleFor(stdout, env)
    // The first prediction on a backend prepares its kernels, and its time says nothing of the others.
    await classify(blank(config.size), model, config, classNames)
    for (let index = 0; index < total; index++) {
      const image = await namedImage(run, images[index] ?? (test as Dataset<Sample>), index, cwd)
      const began = performance.now()
      const guesses = await classify(image.sample, model, config, classNames)
      const milliseconds = performance.now() - began
      const top = guesses.slice(0, shownGuesses)
      stdout.write(
        options.json ? jsonLine(image, top, milliseconds) : textLine(image, top, milliseconds, index, total, style),
      )
    }
  } finally {
    run.dispose()
  }
}

const blank = (size: number): Sample => ({
  image: new Uint8Array(size * size * 3),
  shape: [size, size, 3],
  label: -1,
})

/** An image file, or a test image. */
async function namedImage(run: UsedRun, source: string | Dataset<Sample>, index: number, cwd: string): Promise<Named> {
  if (typeof source !== 'string') {
    const sample = await source.get(index)
    const [height, width] = sample.shape
    return { sample, name: `test image ${index}`, width, height, actual: run.classNames[sample.label] as string }
  }
  const sample = await readImage(resolve(cwd, source), run.config.size, source)
  return { sample, name: source, width: sample.width, height: sample.height }
}

function jsonLine({ name, actual }: Named, guesses: readonly Guess[], milliseconds: number): string {
  return `${JSON.stringify({ image: name, ...(actual !== undefined && { actual }), predictions: guesses, milliseconds })}\n`
}

function textLine(
  { name, width, height, actual }: Named,
  guesses: readonly Guess[],
  milliseconds: number,
  index: number,
  total: number,
  style: Style,
): string {
  const [first, ...others] = guesses.map(({ name, confidence }) => `${name} ${formatPercent(confidence)}`)
  const color = actual === undefined ? 'bold' : actual === guesses[0]?.name ? 'green' : 'red'
  const truth = actual === undefined ? '' : ` (${actual})`
  return `image ${index + 1}/${total} ${basename(name)}${truth}: ${width}x${height} ${[style(color, first ?? ''), ...others].join(', ')}, ${milliseconds.toFixed(1)}ms\n`
}
