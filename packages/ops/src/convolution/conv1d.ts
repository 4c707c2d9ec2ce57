import { type Tensor, type Tensor3D, tidy } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { reshape } from '../array/shape.ts'
import { expectOptions } from '../checks/expect.ts'
import { expectBias } from './bias.ts'
import { convolve } from './biased-op.ts'
import { conv2dOptions } from './conv2d.ts'
import { expectTensor } from './geometry.ts'
import { convolutionAxes, imageGeometry } from './options.ts'

export interface Conv1dOptions {
  stride?: number
  /** Zeros on each side, as in PyTorch; 'same' needs stride 1. */
  padding?: number | 'same' | 'valid'
  dilation?: number
  groups?: number
  /** `[outChannels]` */
  bias?: Tensor
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
export function conv1d(x: Tensor, filter: Tensor, options: Conv1dOptions = {}): Tensor3D {
  expectOptions('conv1d', options, conv2dOptions)
  const { groups = 1, bias, activation } = options
  expectTensor('conv1d', 'x', x, 3, '[batch, length, channels]')
  expectTensor('conv1d', 'filter', filter, 3, '[kernelLength, inChannels / groups, outChannels]')
  const axes = convolutionAxes({ operator: 'conv1d', axes: ['length'] }, x.shape, filter.shape, options)
  expectBias('conv1d', bias, filter.shape[2])
  const [batch, length, channels] = x.shape
  return tidy(() => {
    const image = reshape(x, [batch, 1, length, channels]) // one row
    const row = reshape(filter, [1, ...filter.shape])
    const y = convolve(image, row, imageGeometry(axes, groups), bias, activation)
    return reshape(y, [batch, y.shape[2], y.shape[3]])
  })
}
