import { type Activation, batchNorm, type Tensor, zeros as zerosOf } from '@ddnet/ops'
import { ones, zeros } from './initializers.ts'
import { Module } from './module.ts'
import { Buffer, Counter, Parameter } from './parameter.ts'
import { currentPass } from './pass.ts'

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
export class BatchNorm extends Module {
  declare weight?: Parameter
  declare readonly bias?: Parameter
  // PyTorch's names, since they are the checkpoint's.
  declare readonly running_mean?: Buffer
  declare readonly running_var?: Buffer
  declare readonly num_batches_tracked?: Counter

  constructor(
    readonly channels: number,
    readonly config: BatchNormConfig = {},
  ) {
    super()
    const { affine = true, trackRunningStats = true } = config
    if (affine) {
      this.weight = new Parameter([channels], { init: ones })
      this.bias = new Parameter([channels], { init: zeros })
    }
    if (trackRunningStats) {
      this.running_mean = new Buffer([channels], { init: zeros })
      this.running_var = new Buffer([channels], { init: ones })
      this.num_batches_tracked = new Counter()
    }
  }

  override forward(x: Tensor): Tensor {
    return this.forwardWith(x)
  }

  /** As `forward`, and the activation in the same kernel; `pipe` and `Sequential` do it by themselves. */
  forwardWith(x: Tensor, activation?: Activation): Tensor {
    const { updates, ...pass } = currentPass()
    const { running_mean: mean, running_var: variance, num_batches_tracked: counter, weight, bias } = this
    const training = pass.training && mean?.frozen !== true
    const { momentum, eps } = this.config
    const options = {
      ...(eps !== undefined && { eps }),
      ...(activation && { activation }),
      ...(weight && { weight: weight.value }),
      ...(bias && { bias: bias.value }),
    }
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
