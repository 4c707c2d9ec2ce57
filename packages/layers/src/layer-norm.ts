import { type Activation, layerNorm, type Tensor } from '@ddnet/ops'
import { ones, zeros } from './initializers.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

export interface LayerNormConfig {
  readonly eps?: number
  /** Whether there are `weight` and `bias`: true by default. PyTorch's `elementwise_affine`. */
  readonly affine?: boolean
  /** Whether there is a `bias` beside the weight: true by default. */
  readonly bias?: boolean
}

/**
 * Layer normalisation over the last axes, whose sizes are `shape`: `y = (x − mean) / √(var + eps) · weight + bias`, with the mean and the
 * biased variance of each item of the axes before them.
 *
 * Its axes are those in memory: over the channels of each pixel it is `new LayerNorm(channels)`, and over whole images
 * `new LayerNorm([height, width, channels])`, whose weights PyTorch has as `[channels, height, width]`.
 *
 * @throws ShapeError if x does not end with those axes
 * @see torch.nn.LayerNorm; Ba et al. 2016
 */
export class LayerNorm extends Module {
  declare readonly weight?: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly shape: number | readonly number[],
    readonly config: LayerNormConfig = {},
  ) {
    super()
    const sizes = typeof shape === 'number' ? [shape] : shape
    const { affine = true, bias = true } = config
    if (affine) this.weight = new Parameter(sizes, { init: ones })
    if (affine && bias) this.bias = new Parameter(sizes, { init: zeros })
  }

  override forward(x: Tensor): Tensor {
    return this.forwardWith(x)
  }

  /** As `forward`, and the activation in the same kernel; `pipe` and `Sequential` do it by themselves. */
  forwardWith(x: Tensor, activation?: Activation): Tensor {
    return layerNorm(x, { ...affineOptions(this, activation), normalizedShape: this.shape })
  }
}

/** What a norm hands to its operator. */
export const affineOptions = (
  { weight, bias, config: { eps } }: { weight?: Parameter; bias?: Parameter; config: { readonly eps?: number } },
  activation: Activation | undefined,
): { weight?: Tensor; bias?: Tensor; eps?: number; activation?: Activation } => ({
  ...(weight && { weight: weight.value }),
  ...(bias && { bias: bias.value }),
  ...(eps !== undefined && { eps }),
  ...(activation && { activation }),
})
