import { estimateMemory, type ModuleOf } from '@ddnet/layers'
import type { DataFacts } from './definitions.ts'
import { inputsOf } from './parts.ts'
import type { Config } from './settings/config.ts'

/** Evaluation may always take this much. */
const evaluationBytes = 2e9
const evaluationBatchSizes = [500, 250, 100, 50, 25, 10, 5, 2]

/** Without a model's definition, a forward pass takes images alone. */
type StepConfig = Pick<Config, 'batchSize' | 'accumulate' | 'ema'> & Partial<Pick<Config, 'model'>>
type Image = DataFacts['image']

/** Bytes of a step: parameters with gradients and moments, one more copy each for sums of gradients and averages, and one batch's activations. */
export function stepBytes(
  model: ModuleOf,
  { accumulate, ema, model: chosen }: Omit<StepConfig, 'batchSize'>,
  image: Image,
  batchSize: number,
): number {
  const { height, width, channels } = image
  const inputs = chosen ? inputsOf({ model: chosen }, model, batchSize, image) : [[batchSize, height, width, channels]]
  const { parameters, activations } = estimateMemory(model, ...inputs)
  const copies = 4 + (accumulate > 1 ? 1 : 0) + (ema.decay > 0 ? 1 : 0)
  return (parameters / 4) * copies + activations
}

/**
 * Images a batch of an evaluation: decided by the configuration alone, so that a run is always measured in the same way.
 * It takes no more memory than a training step, or than 2 GB.
 */
export function evaluationBatchSize(model: ModuleOf, config: StepConfig, image: Image): number {
  const allowed = Math.max(evaluationBytes, stepBytes(model, config, image, config.batchSize))
  return evaluationBatchSizes.find((batchSize) => stepBytes(model, config, image, batchSize) <= allowed) ?? 1
}
