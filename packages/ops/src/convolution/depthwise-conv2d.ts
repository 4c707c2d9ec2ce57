import { type Tensor, type Tensor4D, tidy } from '@tensorflow/tfjs-core'
import { reshape } from '../array/shape.ts'
import { expectOperand, expectOptions, type OptionNames } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { expectBias } from './bias.ts'
import { convolve } from './biased-op.ts'
import { type Conv2dOptions, conv2d, conv2dOptions } from './conv2d.ts'
import { expectTensor } from './geometry.ts'
import { convolutionAxes, imageGeometry } from './options.ts'

/** As conv2d's, without groups: there are as many as channels. */
export type DepthwiseConv2dOptions = Omit<Conv2dOptions, 'groups'>

const { groups: _, ...names } = conv2dOptions
const depthwiseOptions: OptionNames<DepthwiseConv2dOptions> = names

/**
 * Convolves each channel with `multiplier` filters of its own: `y[…, c·multiplier + m] = x[…, c] ∗ filter[…, c, m]`. It is
 * `conv2d` with as many groups as channels, whose filter is this one as `[kernelHeight, kernelWidth, 1, channels · multiplier]`.
 *
 * @param x `[batch, height, width, channels]`, float32
 * @param filter `[kernelHeight, kernelWidth, channels, multiplier]`
 * @returns `[batch, outHeight, outWidth, channels · multiplier]`
 * @throws ShapeError if ranks, channels or options do not fit, or the kernel is larger than the padded input
 * @see torch.nn.functional.conv2d with groups = channels
 * @example depthwiseConv2d(images, filter, { padding: 1 })
 */
export function depthwiseConv2d(x: Tensor, filter: Tensor, options: DepthwiseConv2dOptions = {}): Tensor4D {
  return eachChannel('depthwiseConv2d', 'filter', x, filter, options)
}

/** The depthwise convolution, by the names that an operator's messages give it and its filter. */
function eachChannel(
  operator: string,
  role: string,
  x: Tensor,
  filter: Tensor,
  options: DepthwiseConv2dOptions,
): Tensor4D {
  expectOptions(operator, options, depthwiseOptions)
  const { bias, activation } = options
  expectTensor(operator, 'x', x, 4, '[batch, height, width, channels]')
  expectTensor(operator, role, filter, 4, '[kernelHeight, kernelWidth, channels, multiplier]')
  const [kernelHeight, kernelWidth, channels, multiplier] = filter.shape
  if (channels !== x.shape[3]) {
    throw new ShapeError(
      `${operator}: expected ${role} [${kernelHeight}, ${kernelWidth}, ${x.shape[3]}, multiplier] for ${x.shape[3]} channels, got [${filter.shape}].`,
    )
  }
  const grouped = [kernelHeight, kernelWidth, 1, channels * multiplier] as const
  const all = { ...options, groups: channels }
  const axes = convolutionAxes({ operator, axes: ['height', 'width'] }, x.shape, grouped, all)
  expectBias(operator, bias, grouped[3])
  return tidy(() => {
    return convolve(x, reshape(filter, grouped), imageGeometry(axes, channels), bias, activation)
  })
}

/** As separable convolutions in PyTorch are written: the options but for the bias and activation are the first part's. */
export type SeparableConv2dOptions = DepthwiseConv2dOptions

/**
 * A depthwise convolution and a 1 × 1 convolution that mixes its channels:
 * `conv2d(depthwiseConv2d(x, depthwise, { stride, padding, dilation }), pointwise, { bias, activation })`.
 *
 * @param x `[batch, height, width, channels]`, float32
 * @param depthwise `[kernelHeight, kernelWidth, channels, multiplier]`
 * @param pointwise `[1, 1, channels · multiplier, outChannels]`
 * @returns `[batch, outHeight, outWidth, outChannels]`
 * @throws ShapeError if ranks, channels or options do not fit, or the kernel is larger than the padded input
 * @see torch.nn.functional.conv2d, twice; Sifre 2014, "Rigid-motion scattering for image classification"
 * @example separableConv2d(images, depthwise, pointwise, { padding: 1, activation: 'relu' })
 */
export function separableConv2d(
  x: Tensor,
  depthwise: Tensor,
  pointwise: Tensor,
  options: SeparableConv2dOptions = {},
): Tensor4D {
  expectOptions('separableConv2d', options, depthwiseOptions)
  expectOperand('separableConv2d', 'x', x)
  expectOperand('separableConv2d', 'depthwise', depthwise)
  const { bias, activation, ...first } = options
  const operator = 'separableConv2d'
  expectTensor(operator, 'pointwise', pointwise, 4, '[1, 1, channels · multiplier, outChannels]')
  const mixed = (depthwise.shape[2] ?? 0) * (depthwise.shape[3] ?? 0)
  const [kernelHeight, kernelWidth, channels, outChannels] = pointwise.shape
  if (kernelHeight !== 1 || kernelWidth !== 1 || channels !== mixed) {
    throw new ShapeError(
      `${operator}: expected pointwise [1, 1, ${mixed}, outChannels] after depthwise [${depthwise.shape}], got [${pointwise.shape}].`,
    )
  }
  expectBias(operator, bias, outChannels)
  return tidy(() =>
    conv2d(eachChannel(operator, 'depthwise', x, depthwise, first), pointwise, {
      ...(bias && { bias }),
      ...(activation && { activation }),
    }),
  )
}
