import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import { mul } from './arithmetic.ts'
import { type Axes, axesOf, reducedShape } from './axes.ts'
import { cast } from './cast.ts'
import { concat, reshape, slice, transpose } from './shape.ts'

/**
 * Product over `axis`; over all axes where it is left out. As halves multiplied with each other, log₂ n times: so its
 * derivatives, too, are products of the other values, without a division, and right where values are 0.
 *
 * @param x any shape; bool gives int32
 * @returns the shape without these axes, or with size 1 there; over no values at all 1
 * @throws ShapeError if an axis does not exist or comes twice
 * @see torch.prod, which takes one axis at most
 */
export function prod(x: Tensor, axis?: null, keepDims?: false): Scalar
export function prod<T extends Tensor>(x: T, axis: Axes | undefined, keepDims: true): T
export function prod(x: Tensor, axis?: Axes, keepDims?: boolean): Tensor
export function prod(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  const axes = axesOf('prod', x, axis)
  const shape = reducedShape(x.shape, axes, keepDims)
  const rest = [...x.shape.keys()].filter((each) => !axes.includes(each))
  const count = tf.util.sizeFromShape(axes.map((each) => itemAt(x.shape, each)))
  const dtype = x.dtype === 'bool' ? 'int32' : x.dtype
  if (count === 0 || x.size === 0) return tf.ones(shape, dtype)
  return tf.tidy(() => {
    const numbers = x.dtype === dtype ? x : cast(x, dtype)
    let y = reshape(transpose(numbers, [...axes, ...rest]), [count, x.size / count]) // [count, rest]
    while (y.shape[0] > 1) {
      const half = Math.floor(y.shape[0] / 2)
      const product = mul(slice(y, 0, half), slice(y, half, half))
      y = y.shape[0] === 2 * half ? product : concat([product, slice(y, 2 * half)], 0)
    }
    return reshape(y, shape)
  })
}
