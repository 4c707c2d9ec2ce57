import { batchNorm, type Tensor } from '@ddnet/ops'
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
}

/**
 * Batch normalisation over all axes but the last: in a training pass with the batch's statistics, else with the running ones,
 * which training passes update. @see torch.nn.BatchNorm2d
 */
export class BatchNorm extends Module {
  weight: Parameter
  readonly bias: Parameter
  // PyTorch's names, since they are the checkpoint's.
  readonly running_mean: Buffer
  readonly running_var: Buffer
  readonly num_batches_tracked: Counter = new Counter()

  constructor(
    readonly channels: number,
    readonly config: BatchNormConfig = {},
  ) {
    super()
    this.weight = new Parameter([channels], { init: ones })
    this.bias = new Parameter([channels], { init: zeros })
    this.running_mean = new Buffer([channels], { init: zeros })
    this.running_var = new Buffer([channels], { init: ones })
  }

  override forward(x: Tensor): Tensor {
    return this.forwardWith(x)
  }

  /** As `forward`, and the activation in the same kernel; `pipe` and `Sequential` do it by themselves. */
  forwardWith(x: Tensor, activation?: 'relu'): Tensor {
    const { training, updates } = currentPass()
    const current = (buffer: Buffer) => updates?.valueOf(buffer) ?? buffer.value
    const { momentum, ...config } = this.config
    const batches = this.num_batches_tracked.count + (updates?.countOf(this.num_batches_tracked) ?? 0)
    const { y, runningMean, runningVar } = batchNorm(x, {
      ...config,
      ...(momentum !== undefined && { momentum: momentum ?? 1 / (batches + 1) }),
      ...(activation && { activation }),
      weight: this.weight.value,
      bias: this.bias.value,
      runningMean: current(this.running_mean),
      runningVar: current(this.running_var),
      training,
    })
    if (training) {
      updates?.set(this.running_mean, runningMean)
      updates?.set(this.running_var, runningVar)
      updates?.count(this.num_batches_tracked)
    }
    return y
  }
}
