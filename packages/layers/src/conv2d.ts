import { type Activation, conv2d, type Size, type Tensor } from '@ddnet/ops'
import {
  biasAndActivation,
  type ConvolutionConfig,
  convolutionParameters,
  type PaddingMode,
  padded,
} from './convolution.ts'
import { Module } from './module.ts'
import { pairOf } from './pair-of.ts'
import type { Parameter } from './parameter.ts'

export interface Conv2dConfig extends ConvolutionConfig {
  /** One number for height and width, or `[height, width]`; so with the others. */
  readonly kernelSize: Size
  readonly stride?: Size
  /** On each side, as in PyTorch; 'same' needs stride 1. */
  readonly padding?: Size | 'same' | 'valid'
  /** What it pads with: zeros by default. */
  readonly paddingMode?: PaddingMode
  readonly dilation?: Size
}

/**
 * 2-d convolution, `[batch, height, width, inChannels] → [batch, outHeight, outWidth, outChannels]`:
 * `y[n, i, j, o] = bias[o] + Σ x[n, i·s − p + u·d, j·s − p + v·d, c] · weight[u, v, c, o]`.
 *
 * @throws RangeError unless groups divide both channels; ShapeError if x does not fit
 * @see torch.nn.Conv2d
 * @example new Conv2d(3, 32, { kernelSize: 3, padding: 1, weightInit: initializers.kaimingNormal() })
 */
export class Conv2d extends Module {
  weight: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly config: Conv2dConfig,
  ) {
    super()
    const kernel = pairOf(config.kernelSize)
    const { weight, bias } = convolutionParameters('Conv2d', 'filter', kernel, [inChannels, outChannels], config)
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
    if (paddingMode === 'zeros') return conv2d(x, this.weight.value, { ...options, padding })
    const sides = typeof padding === 'string' ? padding : pairOf(padding)
    const framed = padded('Conv2d', x, paddingMode, sides, pairOf(kernelSize), pairOf(dilation))
    return conv2d(framed, this.weight.value, options)
  }
}
