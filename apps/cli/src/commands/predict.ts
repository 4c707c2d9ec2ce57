import { basename, resolve } from 'node:path'
import type { Sample } from '@ddnet/datasets'
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
    const { model, config, data } = run
    const total = images.length || sampleCount
    const style = styleFor(stdout, env)
    // The first prediction on a backend prepares its kernels, and its time says nothing of the others.
    await classify(await testSample(run, 0), model, config, data.classNames)
    for (let index = 0; index < total; index++) {
      const image = await namedImage(run, images[index], index, cwd)
      const began = performance.now()
      const guesses = await classify(image.sample, model, config, data.classNames)
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

const testSample = ({ data }: UsedRun, index: number): Promise<Sample> => data.test.get(index)

async function namedImage(run: UsedRun, path: string | undefined, index: number, cwd: string): Promise<Named> {
  if (path === undefined) {
    const sample = await testSample(run, index)
    const [height, width] = sample.shape
    return { sample, name: `test image ${index}`, width, height, actual: run.data.classNames[sample.label] as string }
  }
  const sample = await readImage(resolve(cwd, path), run.config.size)
  return { sample, name: path, width: sample.width, height: sample.height }
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
