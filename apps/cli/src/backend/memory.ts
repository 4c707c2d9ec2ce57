import { estimateMemory } from '@ddnet/layers'
import type { Config } from '../config/schema.ts'
import { UsageError } from '../errors.ts'
import { memoryLimit } from '../machine.ts'
import type { Model } from '../run/experiment.ts'
import { formatBytes, formatCount } from '../terminal/format.ts'

/** What WebAssembly can address. */
export const wasmLimit = 2 ** 32
/** Evaluation may always take this much. */
const evaluationBytes = 2e9
const evaluationBatchSizes = [500, 250, 100, 50, 25, 10, 5, 2]

type StepConfig = Pick<Config, 'size' | 'batchSize' | 'accumulate' | 'average'>

/** Of a step: parameters with gradients and moments, one more copy each for sums of gradients and averages, and one batch's activations. */
function bytesOf(model: Model, { size, accumulate, average }: StepConfig, batchSize: number): number {
  const { parameters, activations } = estimateMemory(model, [batchSize, size, size, 3])
  const copies = 4 + (accumulate > 1 ? 1 : 0) + (average.decay > 0 ? 1 : 0)
  return (parameters / 4) * copies + activations
}

/** What a backend can have on this machine. */
const limitOf = ({ name }: { readonly name: string }): number =>
  name === 'wasm' ? Math.min(wasmLimit, memoryLimit()) : memoryLimit()

const ownerOf = ({ name }: { readonly name: string }, limit: number): string =>
  name === 'wasm' && limit === wasmLimit ? 'WebAssembly can have' : 'this machine has'

/**
 * Refuses, before its weights are drawn on the host, a model whose 3×3 filters from layer to layer cannot fit, with their gradients and moments.
 *
 * @throws UsageError with the figures
 */
export function refuseTooManyWeights(
  { model }: Pick<Config, 'model'>,
  backend: { readonly name: string },
  limit: number = limitOf(backend),
): void {
  if (model.name === 'seed') return // it has its size
  const channels = [3, ...model.channels]
  const weights = model.channels.reduce((sum, count, at) => sum + 9 * count * (channels[at] as number), 0)
  const needed = 4 * 4 * weights
  if (needed <= limit) return
  throw new UsageError(
    `a model with model.channels=[${model.channels.join(',')}] has more than ${formatCount(weights)} weights, which take ${formatBytes(needed)} of memory in training, and ${ownerOf(backend, limit)} ${formatBytes(limit)}. Try fewer channels, as in model.channels=[32,64,128]`,
  )
}

/**
 * Refuses, before they are made, images of noise to measure with that cannot fit.
 *
 * @throws UsageError with the figures
 */
export function refuseTooManyImages({ batchSize, accumulate, size }: StepConfig, limit: number = memoryLimit()): void {
  const needed = batchSize * accumulate * size * size * 3
  if (needed <= limit) return
  throw new UsageError(
    `a step with batchSize=${batchSize}, accumulate=${accumulate} and size=${size} takes ${formatBytes(needed)} of images, and this machine has ${formatBytes(limit)}. Try fewer or smaller ones, as in batchSize=64 accumulate=1`,
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
  model: Model,
  config: StepConfig,
  backend: { readonly name: string; readonly accelerated: boolean },
  limit: number = limitOf(backend),
): void {
  if (backend.accelerated) return
  const needed = bytesOf(model, config, config.batchSize)
  if (needed <= limit) return
  const fitting = largest(config.batchSize, (batchSize) => bytesOf(model, config, batchSize) <= limit)
  const smaller = `batchSize=${fitting} accumulate=${Math.ceil((config.batchSize * config.accumulate) / fitting)}`
  throw new UsageError(
    `a step with batchSize=${config.batchSize} and size=${config.size} needs about ${formatBytes(needed)} of memory, and ${ownerOf(backend, limit)} ${formatBytes(limit)}. Try ${fitting > 0 ? smaller : `a smaller size, as in size=32`}${fitting > 0 && config.size > 32 ? ', or size=32' : ''}`,
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

/**
 * Images a batch of an evaluation: decided by the configuration alone, so that a run is always measured in the same way.
 * It takes no more memory than a training step, or than 2 GB.
 */
export function evaluationBatchSize(model: Model, config: StepConfig): number {
  const allowed = Math.max(evaluationBytes, bytesOf(model, config, config.batchSize))
  return evaluationBatchSizes.find((batchSize) => bytesOf(model, config, batchSize) <= allowed) ?? 1
}
