import { type Activation, convTranspose2d, type Size, type Tensor } from '@ddnet/ops'
import { biasAndActivation, type ConvolutionConfig, convolutionParameters } from './convolution.ts'
import { Module } from './module.ts'
import { pairOf } from './pair-of.ts'
import type { Parameter } from './parameter.ts'

export interface ConvTranspose2dConfig extends ConvolutionConfig {
  /** One number for height and width, or `[height, width]`; so with the others. */
  readonly kernelSize: Size
  readonly stride?: Size
  /** Rows and columns cut from each side of the full result, as in PyTorch. */
  readonly padding?: Size
  /** Rows and columns added at the bottom and right. */
  readonly outputPadding?: Size
  readonly dilation?: Size
}

/**
 * 2-d transposed convolution, `[batch, height, width, inChannels] → [batch, outHeight, outWidth, outChannels]`, the adjoint of `Conv2d`,
 * with `outHeight = (height − 1) · stride − 2 · padding + dilation · (kernelHeight − 1) + outputPadding + 1`.
 * Initialised as PyTorch does, whose fan-in here is `outChannels / groups · kernelSize²`.
 *
 * @throws RangeError unless groups divide both channels; ShapeError if x does not fit
 * @see torch.nn.ConvTranspose2d
 * @example new ConvTranspose2d(64, 32, { kernelSize: 3, stride: 2, padding: 1, outputPadding: 1 }) // doubles height and width
 */
export class ConvTranspose2d extends Module {
  weight: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly config: ConvTranspose2dConfig,
  ) {
    super()
    const [kernel, channels] = [pairOf(config.kernelSize), [inChannels, outChannels] as const]
    const { weight, bias } = convolutionParameters('ConvTranspose2d', 'transposedFilter', kernel, channels, config)
    this.weight = weight
    if (bias) this.bias = bias
  }

  override forward(x: Tensor): Tensor {
    return this.forwardWith(x)
  }

  /** As `forward`, and the activation in the same kernel; `pipe` and `Sequential` do it by themselves. */
  forwardWith(x: Tensor, activation?: Activation): Tensor {
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 } = this.config
    const options = { stride, padding, outputPadding, dilation, groups, ...biasAndActivation(this.bias, activation) }
    return convTranspose2d(x, this.weight.value, options)
  }
}
