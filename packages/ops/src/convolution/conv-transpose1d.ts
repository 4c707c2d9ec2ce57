import { type Tensor, type Tensor3D, tidy } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { reshape } from '../array/shape.ts'
import { expectOptions } from '../checks/expect.ts'
import { expectBias } from './bias.ts'
import { convTranspose2dOptions } from './conv-transpose2d.ts'
import { expectTensor } from './geometry.ts'
import { transposedAxes } from './options.ts'
import { transposed } from './transposed.ts'

export interface ConvTranspose1dOptions {
  stride?: number
  /** Values cut from each side of the full result, as in PyTorch. */
  padding?: number
  /** Values added at the end; fewer than the stride or the dilation. */
  outputPadding?: number
  dilation?: number
  groups?: number
  /** `[outChannels]` */
  bias?: Tensor
  activation?: Activation
}

/**
 * 1-d transposed convolution: the adjoint of `conv1d` in its input;
 * `⟨conv1d(x, f), y⟩ = ⟨x, convTranspose1d(y, f)⟩`.
 *
 * @param x `[batch, length, inChannels]`, float32
 * @param filter `[kernelLength, outChannels / groups, inChannels]`
 * @returns `[batch, outLength, outChannels]`, with
 *   `outLength = (length − 1)·stride − 2·padding + dilation·(kernelLength − 1) + outputPadding + 1`
 * @throws ShapeError if ranks, channels, groups or options do not fit, or the output would be empty
 * @see torch.nn.functional.conv_transpose1d
 * @example convTranspose1d(x, filter, { stride: 2, padding: 1, outputPadding: 1 }) // doubles the length at kernel 3
 */
export function convTranspose1d(x: Tensor, filter: Tensor, options: ConvTranspose1dOptions = {}): Tensor3D {
  expectOptions('convTranspose1d', options, convTranspose2dOptions)
  const { groups = 1, bias, activation } = options
  expectTensor('convTranspose1d', 'x', x, 3, '[batch, length, channels]')
  expectTensor('convTranspose1d', 'filter', filter, 3, '[kernelLength, outChannels / groups, inChannels]')
  const axes = transposedAxes({ operator: 'convTranspose1d', axes: ['length'] }, x.shape, filter.shape, options)
  expectBias('convTranspose1d', bias, filter.shape[1] * groups)
  const [batch, length, channels] = x.shape
  return tidy(() => {
    const image = reshape(x, [batch, 1, length, channels]) // one row
    const row = reshape(filter, [1, ...filter.shape])
    const y = transposed(image, row, axes, groups, bias, activation)
    return reshape(y, [batch, y.shape[2], y.shape[3]])
  })
}
