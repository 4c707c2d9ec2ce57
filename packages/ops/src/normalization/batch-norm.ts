import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { type Activation, activate } from '../activation/activations.ts'
import { add, mul, rsqrt, sub } from '../array/arithmetic.ts'
import { ShapeError } from '../engine/shape-error.ts'
import { batchNormOp } from './batch-norm-op.ts'

export interface BatchNormOptions {
  weight: Tensor1D
  bias: Tensor1D
  runningMean: Tensor1D
  runningVar: Tensor1D
  /** Normalise with the batch's statistics (true) or with the running ones (false). */
  training?: boolean
  /** Share of the new statistics in the running ones. */
  momentum?: number
  eps?: number
  activation?: Activation
}

export interface BatchNormResult<T extends Tensor> {
  y: T
  /** The running statistics after this batch; in inference the ones that were given. */
  runningMean: Tensor1D
  runningVar: Tensor1D
}

/**
 * Batch normalisation over all axes but the last: `y = activation((x − mean) / √(var + eps) · weight + bias)`.
 *
 * In training the running statistics become `(1 − momentum) · running + momentum · batch`, the batch's variance
 * unbiased there (divided by n − 1), as in PyTorch. They are returned, not written: the caller commits them.
 *
 * @param x `[…, channels]`, float32; in training with more than one value per channel
 * @throws ShapeError if a vector does not have one value per channel, or there is one value per channel in training
 * @see torch.nn.functional.batch_norm; Ioffe & Szegedy 2015
 */
export function batchNorm<T extends Tensor>(x: T, options: BatchNormOptions): BatchNormResult<T> {
  const { weight, bias, runningMean, runningVar, training = false, momentum = 0.1, eps = 1e-5, activation } = options
  const channels = x.shape.at(-1) as number
  for (const [name, vector] of Object.entries({ weight, bias, runningMean, runningVar })) {
    if (vector.shape.length !== 1 || vector.shape[0] !== channels) {
      throw new ShapeError(`batchNorm: expected ${name} [${channels}] for x [${x.shape}], got [${vector.shape}].`)
    }
  }
  if (!training) {
    const scale = mul(weight, rsqrt(add(runningVar, eps)))
    const shift = sub(bias, mul(runningMean, scale))
    return { y: activate(add(mul(x, scale), shift), activation) as T, runningMean, runningVar }
  }
  const count = x.size / channels
  if (count < 2) {
    throw new ShapeError(`batchNorm: expected more than one value per channel in training, got x [${x.shape}].`)
  }
  const [y, mean, variance] = batchNormOp(
    { x, weight, bias },
    activation === undefined ? { eps } : { eps, activation },
  ) as [T, Tensor1D, Tensor1D]
  return {
    y,
    runningMean: add(mul(1 - momentum, runningMean), mul(momentum, mean)),
    runningVar: add(mul(1 - momentum, runningVar), mul((momentum * count) / (count - 1), variance)),
  }
}
