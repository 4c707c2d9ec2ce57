import { type Tensor, type Tensor4D, tidy } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { expectOptions, type OptionNames } from '../checks/expect.ts'
import { expectBias } from './bias.ts'
import { convolve } from './biased-op.ts'
import { expectTensor, type Padding, type Size } from './geometry.ts'
import { convolutionAxes, imageGeometry } from './options.ts'

export interface Conv2dOptions {
  stride?: Size
  /** Zeros on each side, as in PyTorch; 'same' needs stride 1. */
  padding?: Padding
  dilation?: Size
  groups?: number
  /** `[outChannels]` */
  bias?: Tensor
  activation?: Activation
}

/** Every option of a convolution over height and width. */
export const conv2dOptions: OptionNames<Conv2dOptions> = {
  stride: true,
  padding: true,
  dilation: true,
  groups: true,
  bias: true,
  activation: true,
}

/**
 * 2-d convolution (cross-correlation): `y[n, i, j, o] = bias[o] + Σ x[n, i·s − p + u·d, j·s − p + v·d, c] · filter[u, v, c, o]`.
 *
 * @param x `[batch, height, width, inChannels]`, float32
 * @param filter `[kernelHeight, kernelWidth, inChannels / groups, outChannels]`
 * @returns `[batch, outHeight, outWidth, outChannels]`, with `outHeight = ⌊(height + 2·padding − dilation·(kernelHeight − 1) − 1) / stride⌋ + 1`
 * @throws ShapeError if ranks, channels, groups or options do not fit, or the kernel is larger than the padded input
 * @see torch.nn.functional.conv2d
 * @example conv2d(images, filter, { stride: 2, padding: 1 })
 */
export function conv2d(x: Tensor, filter: Tensor, options: Conv2dOptions = {}): Tensor4D {
  expectOptions('conv2d', options, conv2dOptions)
  const { groups = 1, bias, activation } = options
  expectTensor('conv2d', 'x', x, 4, '[batch, height, width, channels]')
  expectTensor('conv2d', 'filter', filter, 4, '[kernelHeight, kernelWidth, inChannels / groups, outChannels]')
  const axes = convolutionAxes({ operator: 'conv2d', axes: ['height', 'width'] }, x.shape, filter.shape, options)
  expectBias('conv2d', bias, filter.shape[3])
  return tidy(() => convolve(x, filter, imageGeometry(axes, groups), bias, activation))
}
