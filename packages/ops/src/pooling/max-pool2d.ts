import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { asConstant } from '../array/detach.ts'
import { expectOptions, type OptionNames } from '../checks/expect.ts'
import type { Size } from '../convolution/geometry.ts'
import { expectImages, poolGeometry } from './geometry.ts'
import { maxPool2dOp, maxPool2dWithIndicesOp } from './max-pool2d-op.ts'

export interface MaxPool2dOptions {
  kernelSize: Size
  /** Default: `kernelSize`. */
  stride?: Size
  /** −∞ on each side; at most half the kernel size. */
  padding?: Size
  dilation?: Size
  /** Round the output size up instead of down. A window that would start in the padding after the input is dropped. */
  ceilMode?: boolean
}

/** Every option of a max pooling. */
export const maxPoolOptions: OptionNames<MaxPool2dOptions> = {
  kernelSize: true,
  stride: true,
  padding: true,
  dilation: true,
  ceilMode: true,
}

/**
 * The largest value of each window: `y[n, i, j, c] = max x[n, i·s − p + u·d, j·s − p + v·d, c]`.
 * The gradient goes to the first maximum of the window, row by row, as in PyTorch. A NaN is larger than any number
 * (WebGPU leaves open what becomes of one).
 *
 * @param x `[batch, height, width, channels]`, float32
 * @returns `[batch, outHeight, outWidth, channels]`
 * @throws ShapeError if the options do not fit the input
 * @see torch.nn.functional.max_pool2d
 * @example maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 })
 */
export function maxPool2d(x: Tensor, options: MaxPool2dOptions): Tensor4D {
  expectImages('maxPool2d', 'x', x)
  expectOptions('maxPool2d', options, maxPoolOptions, '{ kernelSize: 2 }')
  return maxPool2dOp({ x }, poolGeometry('maxPool2d', [x.shape[1], x.shape[2]], options))
}

export interface MaxPool2dWithIndicesResult {
  /** What `maxPool2d` gives. */
  values: Tensor4D
  /** Where each value stood: `row · width + column` in its plane of `x`, int32, of the shape of `values`. */
  indices: Tensor4D
}

/**
 * `maxPool2d` and the position of each maximum, for `maxUnpool2d`. Of equal values the first, row by row, counts.
 *
 * @param x `[batch, height, width, channels]`, float32
 * @throws ShapeError if the options do not fit the input
 * @see torch.nn.functional.max_pool2d with return_indices=True
 * @example const { values, indices } = maxPool2dWithIndices(x, { kernelSize: 2 })
 */
export function maxPool2dWithIndices(x: Tensor, options: MaxPool2dOptions): MaxPool2dWithIndicesResult {
  expectImages('maxPool2dWithIndices', 'x', x)
  expectOptions('maxPool2dWithIndices', options, maxPoolOptions, '{ kernelSize: 2 }')
  const geometry = poolGeometry('maxPool2dWithIndices', [x.shape[1], x.shape[2]], options)
  const [values, indices] = maxPool2dWithIndicesOp({ x }, geometry)
  return { values, indices: asConstant(indices) }
}
