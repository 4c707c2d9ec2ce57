import { type Module, summary } from '@ddnet/layers'
import { estimateMemory } from '@ddnet/models'
import type { DataFacts } from './definitions.ts'
import type { Config } from './settings/config.ts'

/** Evaluation may always take this much. */
const evaluationBytes = 2e9
const evaluationBatchSizes = [500, 250, 100, 50, 25, 10, 5, 2]

type StepConfig = Pick<Config, 'batchSize' | 'accumulate' | 'ema'>
type Image = DataFacts['image']

/** Bytes of a step: parameters with gradients and moments, one more copy each for sums of gradients and averages, and one batch's activations. */
export function stepBytes(
  model: Module,
  { accumulate, ema }: Pick<StepConfig, 'accumulate' | 'ema'>,
  image: Image,
  batchSize: number,
): number {
  const shape = [batchSize, image.height, image.width, image.channels] as const
  const copies = 4 + (accumulate > 1 ? 1 : 0) + (ema.decay > 0 ? 1 : 0)
  if (saysActivations(model)) {
    const { parameters, activations } = estimateMemory(model, shape)
    return (parameters / 4) * copies + activations
  }
  // Of another model, what each layer gives, and its gradient.
  const { parameters, rows } = summary(model, [1, image.height, image.width, image.channels])
  const values = rows.reduce(
    (sum, { outputShape }) => sum + outputShape.reduce((product, size) => product * size, 1),
    0,
  )
  return 4 * parameters * copies + 2 * 4 * values * batchSize
}

const saysActivations = (model: Module): model is Parameters<typeof estimateMemory>[0] => 'activations' in model

/**
 * Images a batch of an evaluation: decided by the configuration alone, so that a run is always measured in the same way.
 * It takes no more memory than a training step, or than 2 GB.
 */
export function evaluationBatchSize(model: Module, config: StepConfig, image: Image): number {
  const allowed = Math.max(evaluationBytes, stepBytes(model, config, image, config.batchSize))
  return evaluationBatchSizes.find((batchSize) => stepBytes(model, config, image, batchSize) <= allowed) ?? 1
}
