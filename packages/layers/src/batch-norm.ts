import { type Activation, batchNorm, type Tensor, zeros as zerosOf } from '@ddnet/ops'
import { affineOptions } from './layer-norm.ts'
import type { Buffer } from './parameter.ts'
import { currentPass } from './pass.ts'
import { RunningNorm } from './running-norm.ts'

export interface BatchNormConfig {
  readonly eps?: number
  /**
   * Share of a batch's statistics in the running ones, 0.1 by default; null for the average of all batches so far, as in
   * PyTorch.
   */
  readonly momentum?: number | null
  /** Whether channels are scaled and shifted by learned numbers, `weight` and `bias`: true by default. */
  readonly affine?: boolean
  /** Whether there are running statistics: true by default. Without them inference takes the batch's, too. */
  readonly trackRunningStats?: boolean
}

/**
 * Batch normalisation over all axes but the last, `y = (x − mean) / √(var + eps) · weight + bias`: in a training pass with the
 * batch's statistics, else with the running ones, which training passes update:
 * `running ← (1 − momentum) · running + momentum · batch`, the batch's variance divided by n − 1 there.
 *
 * Where its statistics are frozen (`model.freezeStatistics`), training is as inference: gradients flow through, and nothing is counted.
 *
 * @throws ShapeError if x does not end with the channels, or has one value a channel in training
 * @see torch.nn.BatchNorm1d, BatchNorm2d; Ioffe & Szegedy 2015
 */
export class BatchNorm extends RunningNorm {
  constructor(
    readonly channels: number,
    readonly config: BatchNormConfig = {},
  ) {
    const { affine = true, trackRunningStats = true } = config
    super(channels, { affine, trackRunningStats })
  }

  override forward(x: Tensor): Tensor {
    return this.forwardWith(x)
  }

  /** As `forward`, and the activation in the same kernel; `pipe` and `Sequential` do it by themselves. */
  forwardWith(x: Tensor, activation?: Activation): Tensor {
    const { updates, ...pass } = currentPass()
    const { running_mean: mean, running_var: variance, num_batches_tracked: counter } = this
    const training = pass.training && mean?.frozen !== true
    const { momentum } = this.config
    const options = affineOptions(this, activation)
    if (mean === undefined || variance === undefined || counter === undefined) {
      const none = zerosOf([this.channels])
      return batchNorm(x, { ...options, runningMean: none, runningVar: none, training: true }).y
    }
    const current = (buffer: Buffer) => updates?.valueOf(buffer) ?? buffer.value
    const batches = counter.count + (updates?.countOf(counter) ?? 0)
    const { y, runningMean, runningVar } = batchNorm(x, {
      ...options,
      ...(momentum !== undefined && { momentum: momentum ?? 1 / (batches + 1) }),
      runningMean: current(mean),
      runningVar: current(variance),
      training,
    })
    if (training) {
      updates?.set(mean, runningMean)
      updates?.set(variance, runningVar)
      updates?.count(counter)
    }
    return y
  }
}
