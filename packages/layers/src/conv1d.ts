import { type Activation, conv1d, type Tensor } from '@ddnet/ops'
import {
  biasAndActivation,
  type ConvolutionConfig,
  convolutionParameters,
  type PaddingMode,
  padded,
} from './convolution.ts'
import { Module } from './module.ts'
import type { Parameter } from './parameter.ts'

export interface Conv1dConfig extends ConvolutionConfig {
  readonly kernelSize: number
  readonly stride?: number
  /** On each side, as in PyTorch; 'same' needs stride 1. */
  readonly padding?: number | 'same' | 'valid'
  /** What it pads with: zeros by default. */
  readonly paddingMode?: PaddingMode
  readonly dilation?: number
}

/**
 * 1-d convolution, `[batch, length, inChannels] → [batch, outLength, outChannels]`:
 * `y[n, i, o] = bias[o] + Σ x[n, i·s − p + u·d, c] · weight[u, c, o]`.
 *
 * @throws RangeError unless groups divide both channels; ShapeError if x does not fit
 * @see torch.nn.Conv1d
 */
export class Conv1d extends Module {
  weight: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly config: Conv1dConfig,
  ) {
    super()
    const kernel = [config.kernelSize]
    const { weight, bias } = convolutionParameters('Conv1d', 'filter', kernel, [inChannels, outChannels], config)
    this.weight = weight
    if (bias) this.bias = bias
  }

  override forward(x: Tensor): Tensor {
    return this.forwardWith(x)
  }

  /** As `forward`, and the activation in the same kernel; `pipe` and `Sequential` do it by themselves. */
  forwardWith(x: Tensor, activation?: Activation): Tensor {
    const { kernelSize, stride = 1, padding = 0, paddingMode = 'zeros', dilation = 1, groups = 1 } = this.config
    const options = { stride, dilation, groups, ...biasAndActivation(this.bias, activation) }
    if (paddingMode === 'zeros') return conv1d(x, this.weight.value, { ...options, padding })
    const sides = typeof padding === 'string' ? padding : [padding]
    return conv1d(padded('Conv1d', x, paddingMode, sides, [kernelSize], [dilation]), this.weight.value, options)
  }
}
