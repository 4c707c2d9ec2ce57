import { type Tensor1D, type Tensor3D, type Tensor4D, tidy } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { reshape } from '../array/shape.ts'
import { convolve } from './biased-op.ts'
import { expectConvolution, imageGeometry } from './options.ts'

export interface Conv1dOptions {
  stride?: number
  /** Zeros on each side, as in PyTorch; 'same' needs stride 1. */
  padding?: number | 'same' | 'valid'
  dilation?: number
  groups?: number
  bias?: Tensor1D
  activation?: Activation
}

/**
 * 1-d convolution (cross-correlation): `y[n, i, o] = bias[o] + Σ x[n, i·s − p + u·d, c] · filter[u, c, o]`.
 *
 * @param x `[batch, length, inChannels]`, float32
 * @param filter `[kernelLength, inChannels / groups, outChannels]`
 * @returns `[batch, outLength, outChannels]`, with `outLength = ⌊(length + 2·padding − dilation·(kernelLength − 1) − 1) / stride⌋ + 1`
 * @throws ShapeError if ranks, channels, groups or options do not fit, or the kernel is larger than the padded input
 * @see torch.nn.functional.conv1d
 * @example conv1d(signals, filter, { stride: 2, padding: 1 })
 */
export function conv1d(x: Tensor3D, filter: Tensor3D, options: Conv1dOptions = {}): Tensor3D {
  const { groups = 1, bias, activation } = options
  const axes = expectConvolution({ operator: 'conv1d', axes: ['length'] }, x, filter, options)
  const [batch, length, channels] = x.shape
  return tidy(() => {
    const image: Tensor4D = reshape(x, [batch, 1, length, channels]) // one row
    const row = reshape(filter, [1, ...filter.shape]) as Tensor4D // the type of a spread shape has no rank
    const y = convolve(image, row, imageGeometry(axes, groups), bias, activation)
    return reshape(y, [batch, y.shape[2], y.shape[3]])
  })
}
