import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { ShapeError } from '../engine/shape-error.ts'
import { addBias, expectBias } from './bias.ts'
import { conv2dOp, convolvedSizes } from './conv2d-op.ts'
import { expectGroups, expectTensor, type Padding, type Pair, pair, resolvePadding, type Size } from './geometry.ts'

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
  expectTensor('conv2d', 'x', x, 4, '[batch, height, width, channels]')
  expectTensor('conv2d', 'filter', filter, 4, '[kernelHeight, kernelWidth, inChannels / groups, outChannels]')
  const [kernelHeight, kernelWidth, filterChannels, outChannels] = filter.shape
  const stride = pair('conv2d', 'stride', options.stride ?? 1, 1)
  const dilation = pair('conv2d', 'dilation', options.dilation ?? 1, 1)
  const kernel: Pair = [kernelHeight, kernelWidth]
  const padding = resolvePadding('conv2d', options.padding ?? 0, kernel, stride, dilation)
  expectGroups('conv2d', groups, x.shape[3], outChannels)
  if (filterChannels * groups !== x.shape[3]) {
    throw new ShapeError(
      `conv2d: expected a filter for ${x.shape[3]} input channels in ${groups} group(s), [${kernel}, ${x.shape[3] / groups}, …], got [${filter.shape}].`,
    )
  }
  const geometry = { stride, padding, dilation, groups }
  const size = convolvedSizes([x.shape[1], x.shape[2]], kernel, geometry)
  if (size[0] < 1 || size[1] < 1) {
    throw new ShapeError(
      `conv2d: the kernel [${kernel}] (dilation [${dilation}]) is larger than the padded input [${x.shape[1]}, ${x.shape[2]}] + padding [${padding.map(([before]) => before)}]. Pad more or use a smaller kernel.`,
    )
  }
  expectBias('conv2d', bias, outChannels)
  const y = conv2dOp({ x, filter }, geometry)
  return addBias(y, bias, activation)
}
