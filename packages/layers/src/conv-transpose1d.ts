import { type Activation, convTranspose1d, type Tensor } from '@ddnet/ops'
import { biasAndActivation, type ConvolutionConfig, convolutionParameters } from './convolution.ts'
import { Module } from './module.ts'
import type { Parameter } from './parameter.ts'

export interface ConvTranspose1dConfig extends ConvolutionConfig {
  readonly kernelSize: number
  readonly stride?: number
  /** Values cut from each side of the full result, as in PyTorch. */
  readonly padding?: number
  /** Values added at the end. */
  readonly outputPadding?: number
  readonly dilation?: number
}

/**
 * 1-d transposed convolution, `[batch, length, inChannels] → [batch, outLength, outChannels]`, the adjoint of `Conv1d`, with
 * `outLength = (length − 1) · stride − 2 · padding + dilation · (kernelSize − 1) + outputPadding + 1`.
 * Initialised as PyTorch does, whose fan-in here is `outChannels / groups · kernelSize`.
 *
 * @throws RangeError unless groups divide both channels; ShapeError if x does not fit
 * @see torch.nn.ConvTranspose1d
 */
export class ConvTranspose1d extends Module {
  weight: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly config: ConvTranspose1dConfig,
  ) {
    super()
    const [kernel, channels] = [[config.kernelSize], [inChannels, outChannels] as const]
    const { weight, bias } = convolutionParameters('ConvTranspose1d', 'transposedFilter', kernel, channels, config)
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
    return convTranspose1d(x, this.weight.value, options)
  }
}
