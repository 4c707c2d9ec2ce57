import { type Activation, add, batchNorm, detach, instanceNorm, mean, mul, type Tensor, variance } from '@ddnet/ops'
import { affineOptions } from './layer-norm.ts'
import type { Buffer } from './parameter.ts'
import { currentPass } from './pass.ts'
import { RunningNorm } from './running-norm.ts'

export interface InstanceNormConfig {
  readonly eps?: number
  /** Whether channels are scaled and shifted by learned numbers, `weight` and `bias`: false by default, as in PyTorch. */
  readonly affine?: boolean
  /** Whether training passes keep running statistics, which inference then takes: false by default, as in PyTorch. */
  readonly trackRunningStats?: boolean
  /** Share of a batch's statistics in the running ones: 0.1 by default. */
  readonly momentum?: number
}

/**
 * Instance normalisation: `y = (x − mean) / √(var + eps) · weight + bias`, with the mean and the biased variance of each sample's channel over
 * all positions, `[batch, …, channels]`.
 *
 * @throws ShapeError if x does not end with the channels, or has one position
 * @see torch.nn.InstanceNorm1d, InstanceNorm2d; Ulyanov et al. 2016
 */
export class InstanceNorm extends RunningNorm {
  constructor(
    readonly channels: number,
    readonly config: InstanceNormConfig = {},
  ) {
    super(channels, config)
  }

  override forward(x: Tensor): Tensor {
    return this.forwardWith(x)
  }

  /** As `forward`, and the activation in the same kernel; `pipe` and `Sequential` do it by themselves. */
  forwardWith(x: Tensor, activation?: Activation): Tensor {
    const options = affineOptions(this, activation)
    const { running_mean: runningMean, running_var: runningVar } = this
    const training = currentPass().training && runningMean?.frozen !== true
    if (!training && runningMean && runningVar) {
      return batchNorm(x, { ...options, runningMean: runningMean.value, runningVar: runningVar.value }).y
    }
    const y = instanceNorm(x, options)
    if (training) this.#track(x)
    return y
  }

  /** The running statistics with the average of the samples' own, their variances divided by n − 1. */
  #track(x: Tensor): void {
    const { updates } = currentPass()
    const { running_mean: runningMean, running_var: runningVar } = this
    if (!updates || !runningMean || !runningVar) return
    const { momentum: share = 0.1 } = this.config
    const positions = Array.from({ length: x.rank - 2 }, (_, at) => at + 1)
    const values = detach(x)
    const follow = (buffer: Buffer, batch: Tensor): void =>
      updates.set(buffer, add(mul(updates.valueOf(buffer), 1 - share), mul(mean(batch, 0), share)))
    follow(runningMean, mean(values, positions)) // [batch, channels]
    follow(runningVar, variance(values, positions))
  }
}
