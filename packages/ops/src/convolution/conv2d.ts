import { type Tensor1D, type Tensor4D, tidy } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { convolve } from './biased-op.ts'
import type { Padding, Size } from './geometry.ts'
import { expectConvolution, imageGeometry } from './options.ts'

export interface Conv2dOptions {
  stride?: Size
  /** Zeros on each side, as in PyTorch; 'same' needs stride 1. */
  padding?: Padding
  dilation?: Size
  groups?: number
  bias?: Tensor1D
  activation?: Activation
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
export function conv2d(x: Tensor4D, filter: Tensor4D, options: Conv2dOptions = {}): Tensor4D {
  const { groups = 1, bias, activation } = options
  const axes = expectConvolution({ operator: 'conv2d', axes: ['height', 'width'] }, x, filter, options)
  return tidy(() => convolve(x, filter, imageGeometry(axes, groups), bias, activation))
}
