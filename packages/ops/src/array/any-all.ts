import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { type Axes, axesOf, reducedShape } from './axes.ts'
import { cast } from './cast.ts'
import { asConstant } from './detach.ts'

/**
 * Whether any value over `axis` is true or not 0, as bool; over all axes where it is left out, over no values false.
 * A constant to differentiation.
 *
 * @param x any shape and dtype; NaN is not 0
 * @throws ShapeError if an axis does not exist or comes twice
 * @see torch.any
 */
export function any(x: Tensor, axis?: null, keepDims?: false): Scalar
export function any<T extends Tensor>(x: T, axis: Axes | undefined, keepDims: true): T
export function any(x: Tensor, axis?: Axes, keepDims?: boolean): Tensor
export function any(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  const axes = axesOf('any', x, axis)
  if (x.size === 0) return tf.zeros(reducedShape(x.shape, axes, keepDims), 'bool')
  return tf.tidy(() => tf.any(cast(asConstant(x), 'bool'), axes, keepDims))
}

/**
 * Whether all values over `axis` are true or not 0, as bool; over all axes where it is left out, over no values true.
 * A constant to differentiation.
 *
 * @param x any shape and dtype; NaN is not 0
 * @throws ShapeError if an axis does not exist or comes twice
 * @see torch.all
 */
export function all(x: Tensor, axis?: null, keepDims?: false): Scalar
export function all<T extends Tensor>(x: T, axis: Axes | undefined, keepDims: true): T
export function all(x: Tensor, axis?: Axes, keepDims?: boolean): Tensor
export function all(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  const axes = axesOf('all', x, axis)
  if (x.size === 0) return tf.ones(reducedShape(x.shape, axes, keepDims), 'bool')
  return tf.tidy(() => tf.all(cast(asConstant(x), 'bool'), axes, keepDims))
}
