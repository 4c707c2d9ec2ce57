import { type Activation, groupNorm, type Tensor } from '@ddnet/ops'
import { ones, zeros } from './initializers.ts'
import { affineOptions } from './layer-norm.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

export interface GroupNormConfig {
  readonly eps?: number
  /** Whether channels are scaled and shifted by learned numbers, `weight` and `bias`: true by default. */
  readonly affine?: boolean
}

/**
 * Group normalisation: `y = (x − mean) / √(var + eps) · weight + bias`, with the mean and the biased variance of each sample's group of
 * neighbouring channels over all positions, `[batch, …, channels]`. It does the same in training and inference.
 *
 * @throws RangeError unless groups divide the channels; ShapeError if x does not end with these
 * @see torch.nn.GroupNorm; Wu & He 2018
 * @example new GroupNorm(8, 32)
 */
export class GroupNorm extends Module {
  declare weight?: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly groups: number,
    readonly channels: number,
    readonly config: GroupNormConfig = {},
  ) {
    super()
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
      throw new RangeError(`GroupNorm: expected groups to divide the ${channels} channels, got ${groups}.`)
    }
    if (config.affine ?? true) {
      this.weight = new Parameter([channels], { init: ones })
      this.bias = new Parameter([channels], { init: zeros })
    }
  }

  override forward(x: Tensor): Tensor {
    return this.forwardWith(x)
  }

  /** As `forward`, and the activation in the same kernel; `pipe` and `Sequential` do it by themselves. */
  forwardWith(x: Tensor, activation?: Activation): Tensor {
    return groupNorm(x, { ...affineOptions(this, activation), groups: this.groups })
  }
}
