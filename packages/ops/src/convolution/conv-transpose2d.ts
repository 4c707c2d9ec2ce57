import { type Tensor, type Tensor4D, tidy } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { expectOptions, type OptionNames } from '../checks/expect.ts'
import { expectBias } from './bias.ts'
import { expectTensor, type Size } from './geometry.ts'
import { transposedAxes } from './options.ts'
import { transposed } from './transposed.ts'

export interface ConvTranspose2dOptions {
  stride?: Size
  /** Rows and columns cut from each side of the full result, as in PyTorch. */
  padding?: Size
  /** Rows and columns added at the bottom and right; smaller than the stride or the dilation. */
  outputPadding?: Size
  dilation?: Size
  groups?: number
  /** `[outChannels]` */
  bias?: Tensor
  activation?: Activation
}

/** Every option of a transposed convolution. */
export const convTranspose2dOptions: OptionNames<ConvTranspose2dOptions> = {
  stride: true,
  padding: true,
  outputPadding: true,
  dilation: true,
  groups: true,
  bias: true,
  activation: true,
}

/**
 * 2-d transposed convolution ("deconvolution"): the adjoint of `conv2d` in its input, not its inverse;
 * `⟨conv2d(x, f), y⟩ = ⟨x, convTranspose2d(y, f)⟩`.
 *
 * @param x `[batch, height, width, inChannels]`, float32
 * @param filter `[kernelHeight, kernelWidth, outChannels / groups, inChannels]`
 * @returns `[batch, outHeight, outWidth, outChannels]`, with
 *   `outHeight = (height − 1)·stride − 2·padding + dilation·(kernelHeight − 1) + outputPadding + 1`
 * @throws ShapeError if ranks, channels, groups or options do not fit, or the output would be empty
 * @see torch.nn.functional.conv_transpose2d; Zeiler et al. 2010, "Deconvolutional networks"
 * @example convTranspose2d(x, filter, { stride: 2, padding: 1, outputPadding: 1 }) // doubles height and width at kernel 3
 */
export function convTranspose2d(x: Tensor, filter: Tensor, options: ConvTranspose2dOptions = {}): Tensor4D {
  expectOptions('convTranspose2d', options, convTranspose2dOptions)
  const { groups = 1, bias, activation } = options
  expectTensor('convTranspose2d', 'x', x, 4, '[batch, height, width, channels]')
  expectTensor('convTranspose2d', 'filter', filter, 4, '[kernelHeight, kernelWidth, outChannels / groups, inChannels]')
  const axes = transposedAxes(
    { operator: 'convTranspose2d', axes: ['height', 'width'] },
    x.shape,
    filter.shape,
    options,
  )
  expectBias('convTranspose2d', bias, filter.shape[2] * groups)
  return tidy(() => transposed(x, filter, axes, groups, bias, activation))
}
