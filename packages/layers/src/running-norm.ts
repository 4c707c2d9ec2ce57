import { ones, zeros } from './initializers.ts'
import { Module } from './module.ts'
import { Buffer, Counter, Parameter } from './parameter.ts'

/** What norms of channels hold, by the names that PyTorch's checkpoints have. */
export abstract class RunningNorm extends Module {
  declare weight?: Parameter
  declare readonly bias?: Parameter
  declare readonly running_mean?: Buffer
  declare readonly running_var?: Buffer
  /** Training passes so far. `InstanceNorm` does not count, as PyTorch's does not, which has it in files all the same. */
  declare readonly num_batches_tracked?: Counter

  constructor(
    channels: number,
    {
      affine = false,
      trackRunningStats = false,
    }: { readonly affine?: boolean; readonly trackRunningStats?: boolean } = {},
  ) {
    super()
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
}
