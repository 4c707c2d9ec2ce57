import { batchNorm, ones, type Tensor, type Tensor1D, zeros } from '@ddnet/ops'
import { type Context, inference } from './context.ts'
import { Module } from './module.ts'
import { Buffer, Counter, Parameter } from './parameter.ts'

export interface BatchNormConfig {
  eps?: number
  /**
   * Share of a batch's statistics in the running ones, 0.1 by default; null for the average of all batches so far, as in
   * PyTorch.
   */
  momentum?: number | null
  activation?: 'relu'
}

/** Batch normalisation over all axes but the last, with running statistics for inference. @see torch.nn.BatchNorm2d */
export class BatchNorm extends Module {
  readonly weight: Parameter
  readonly bias: Parameter
  // PyTorch's names, since they are the checkpoint's.
  readonly running_mean: Buffer
  readonly running_var: Buffer
  readonly num_batches_tracked: Counter = new Counter()

  constructor(
    readonly channels: number,
    readonly config: Readonly<BatchNormConfig> = {},
  ) {
    super()
    this.weight = new Parameter(ones([channels]))
    this.bias = new Parameter(zeros([channels]))
    this.running_mean = new Buffer(zeros([channels]))
    this.running_var = new Buffer(ones([channels]))
  }

  override forward(x: Tensor, context: Context = inference): Tensor {
    const updates = context.training ? context.updates : undefined
    const current = (buffer: Buffer) => (updates?.valueOf(buffer) ?? buffer.value) as Tensor1D
    const { momentum, ...config } = this.config
    const batches = this.num_batches_tracked.count + (updates?.countOf(this.num_batches_tracked) ?? 0)
    const { y, runningMean, runningVar } = batchNorm(x, {
      ...config,
      ...(momentum !== undefined && { momentum: momentum ?? 1 / (batches + 1) }),
      weight: this.weight.value as Tensor1D,
      bias: this.bias.value as Tensor1D,
      runningMean: current(this.running_mean),
      runningVar: current(this.running_var),
      training: context.training,
    })
    updates?.set(this.running_mean, runningMean)
    updates?.set(this.running_var, runningVar)
    updates?.count(this.num_batches_tracked)
    return y
  }
}
