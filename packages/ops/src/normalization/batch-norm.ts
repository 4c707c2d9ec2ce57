import { ones, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { clone } from '../array/cast.ts'

import { expectOperand, expectOptions, type OptionNames } from '../checks/expect.ts'
import { lastItem } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { affineOptions, expectAffine } from './affine.ts'
import { batchNormInferenceOp } from './batch-norm-inference-op.ts'
import { batchNormOp } from './batch-norm-op.ts'

export interface BatchNormOptions {
  /** `[channels]`, as the three below. */
  weight?: Tensor
  bias?: Tensor
  runningMean: Tensor
  runningVar: Tensor
  /** Normalise with the batch's statistics (true) or with the running ones (false). */
  training?: boolean
  /** Share of the new statistics in the running ones: 0.1 by default. */
  momentum?: number
  /** Added to the variance. */
  eps?: number
  activation?: Activation
}

const batchNormOptions: OptionNames<BatchNormOptions> = {
  ...affineOptions,
  runningMean: true,
  runningVar: true,
  training: true,
  momentum: true,
}

export interface BatchNormResult<T extends Tensor> {
  y: T
  /** The running statistics after this batch; in inference the ones that were given. */
  runningMean: Tensor
  runningVar: Tensor
}

/**
 * Batch normalisation over all axes but the last: `y = activation((x − mean) / √(var + eps) · weight + bias)`.
 *
 * In training the running statistics become `(1 − momentum) · running + momentum · batch`, the batch's variance
 * unbiased there (divided by n − 1), as in PyTorch. They are returned, not written: the caller commits them.
 *
 * @param x `[batch, …, channels]`, float32; in training with more than one value per channel
 * @throws ShapeError if a vector does not have one value per channel, a dtype, momentum or eps does not fit, or there is
 * one value per channel in training
 * @see torch.nn.functional.batch_norm; Ioffe & Szegedy 2015
 * @example batchNorm(images, { weight, bias, runningMean, runningVar, training: true }).y // [batch, height, width, channels]
 */
export function batchNorm<T extends Tensor>(x: T, options: BatchNormOptions): BatchNormResult<T> {
  expectOperand('batchNorm', 'x', x)
  expectOptions('batchNorm', options, batchNormOptions, '{ runningMean, runningVar }')
  expectOperand('batchNorm', 'runningMean', options.runningMean)
  expectOperand('batchNorm', 'runningVar', options.runningVar)
  const { weight, bias, runningMean, runningVar, training = false, momentum = 0.1, eps = 1e-5, activation } = options
  if (x.rank < 2) throw new ShapeError(`batchNorm: expected x [batch, …, channels], got [${x.shape}].`)
  const channels = lastItem(x.shape)
  expectAffine('batchNorm', x, { weight, bias, runningMean, runningVar }, [channels], options)
  if (!(typeof momentum === 'number' && momentum >= 0 && momentum <= 1)) {
    const remedy = momentum === null ? ' For the average of all batches give 1 / (batches so far + 1).' : ''
    throw new ShapeError(`batchNorm: expected momentum in [0, 1], got ${momentum}.${remedy}`)
  }
  const count = x.size / Math.max(1, channels)
  if (training && count === 1) {
    throw new ShapeError(
      `batchNorm: expected more than one value per channel in training, got x [${x.shape}]. Take another batch size, so that no batch is of one sample, or larger images.`,
    )
  }
  // As in PyTorch, no values leave the running statistics as they are.
  if (x.size === 0) return { y: clone(x), runningMean, runningVar }
  return tidy(() => {
    const affine = { x, weight: weight ?? ones([channels]), bias: bias ?? zeros([channels]) } as const
    const attributes = { eps, ...(activation && { activation }) }
    if (!training) {
      const y = batchNormInferenceOp({ ...affine, mean: runningMean, variance: runningVar }, attributes)
      return { y: y as T, runningMean, runningVar }
    }
    const outputs = batchNormOp({ ...affine, runningMean, runningVar }, { ...attributes, momentum })
    const [y, , , nextMean, nextVar] = outputs as [T, Tensor, Tensor, Tensor, Tensor]
    return { y, runningMean: nextMean, runningVar: nextVar }
  })
}
