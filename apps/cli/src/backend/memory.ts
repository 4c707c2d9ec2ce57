import { type Config, type DataFacts, stepBytes } from '@ddnet/experiment'
import type { ModuleOf } from '@ddnet/layers'

import { UsageError } from '../errors.ts'
import { memoryLimit } from '../machine.ts'
import { formatBytes, formatCount } from '../terminal/format.ts'

/** What WebAssembly can address. */
export const wasmLimit = 2 ** 32

type StepConfig = Pick<Config, 'batchSize' | 'accumulate' | 'ema'> & Partial<Pick<Config, 'model'>>
type Image = DataFacts['image']

/** What a backend can have on this machine. */
const limitOf = ({ name }: { readonly name: string }): number =>
  name === 'wasm' ? Math.min(wasmLimit, memoryLimit()) : memoryLimit()

const ownerOf = ({ name }: { readonly name: string }, limit: number): string =>
  name === 'wasm' && limit === wasmLimit ? 'WebAssembly can have' : 'this machine has'

/**
 * Refuses, before its weights are drawn on the host, a model that cannot fit with its gradients and moments.
 *
 * @throws UsageError with the figures
 */
export function refuseTooManyWeights(
  model: ModuleOf,
  backend: { readonly name: string },
  limit: number = limitOf(backend),
): void {
  const weights = [...model.parameters().values()].reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  )
  const needed = 4 * 4 * weights
  if (needed <= limit) return
  throw new UsageError(
    `the model has ${formatCount(weights)} weights, which take ${formatBytes(needed)} of memory in training, and ${ownerOf(backend, limit)} ${formatBytes(limit)}. Try a smaller one, as in model.channels=[32,64,128]`,
  )
}

/**
 * Refuses, before they are made, images of noise to measure with that cannot fit.
 *
 * @throws UsageError with the figures
 */
export function refuseTooManyImages(
  { batchSize, accumulate }: Pick<StepConfig, 'batchSize' | 'accumulate'>,
  { height, width, channels }: Image,
  limit: number = memoryLimit(),
): void {
  const needed = batchSize * accumulate * height * width * channels
  if (needed <= limit) return
  throw new UsageError(
    `a step with batchSize=${batchSize}, accumulate=${accumulate} and data.size=${height} takes ${formatBytes(needed)} of images, and this machine has ${formatBytes(limit)}. Try fewer or smaller ones, as in batchSize=64 accumulate=1`,
  )
}

/**
 * Refuses, before anything of the size of a batch is allocated, a step that cannot fit.
 * A GPU's memory is not known here: its driver refuses by itself.
 *
 * @param limit for tests; by default what the backend can have on this machine
 * @throws UsageError with the estimate and the largest batch that fits
 */
export function refuseTooLarge(
  model: ModuleOf,
  config: StepConfig,
  image: Image,
  backend: { readonly name: string; readonly accelerated: boolean },
  limit: number = limitOf(backend),
): void {
  if (backend.accelerated) return
  const needed = stepBytes(model, config, image, config.batchSize)
  if (needed <= limit) return
  const fitting = largest(config.batchSize, (batchSize) => stepBytes(model, config, image, batchSize) <= limit)
  const smaller = `batchSize=${fitting} accumulate=${Math.ceil((config.batchSize * config.accumulate) / fitting)}`
  throw new UsageError(
    `a step with batchSize=${config.batchSize} and data.size=${image.height} needs about ${formatBytes(needed)} of memory, and ${ownerOf(backend, limit)} ${formatBytes(limit)}. Try ${fitting > 0 ? smaller : 'a smaller size, as in data.size=32'}${fitting > 0 && image.height > 32 ? ', or data.size=32' : ''}`,
  )
}

/** The largest of 1 … `from` that fits, 0 if none; fitting is monotonic. */
function largest(from: number, fits: (batchSize: number) => boolean): number {
  let [low, high] = [0, from]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}
