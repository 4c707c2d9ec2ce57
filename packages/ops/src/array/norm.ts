import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp, type Op } from '../engine/define-op.ts'
import { ShapeError } from '../engine/shape-error.ts'
import { abs, mul, sqrt, square } from './arithmetic.ts'
import { type Axes, axesOf, expectValues } from './axes.ts'
import { equal } from './compare.ts'
import { zerosLike } from './create.ts'
import { asConstant } from './detach.ts'
import { max, min, sum } from './reduce.ts'
import { where } from './select.ts'
import { cast } from './shape.ts'

/** `|x|^exponent`; its derivative at 0 is 0. */
const absPower: Op<{ x: Tensor }, { exponent: number }, Tensor> = defineOp('absPower', {
  inputs: ['x'],
  forward: ({ x }: { x: Tensor }, { exponent }: { exponent: number }): Tensor => tf.pow(tf.abs(x), exponent),
  gradient: {
    x: (dy, { x }, { exponent }) => {
      const slope = mul(mul(exponent, tf.sign(asConstant(x))), absPower({ x }, { exponent: exponent - 1 }))
      return where(equal(x, 0), 0, mul(dy, slope))
    },
  },
})

/** `root(x)`, with the derivative 0 instead of infinity at 0. */
export function flatAtZero(x: Tensor, root: (x: Tensor) => Tensor): Tensor {
  const isZero = equal(x, 0)
  return where(isZero, zerosLike(x), root(where(isZero, 1, x)))
}

export interface NormOptions {
  order?: number
  axis?: Axes
  keepDims?: boolean
}

/**
 * `(Σ |x|^order)^(1/order)` over `axis`; over all axes where it is left out.
 * Order 0 counts the values that are not 0 and has no gradient, ±Infinity is the largest or smallest absolute value.
 * Where the norm is 0 its gradient is 0, as in PyTorch; so are there the second derivatives, which in PyTorch are NaN.
 *
 * @param x any shape, float32
 * @param order any number but NaN
 * @returns the shape without these axes, or with size 1 there
 * @throws ShapeError if an axis does not exist, comes twice or (order ±Infinity) has size 0, or the order is not a number
 * @see torch.linalg.vector_norm
 */
export function norm<T extends Tensor = Tensor>(x: Tensor, { order = 2, axis, keepDims = false }: NormOptions = {}): T {
  if (Number.isNaN(order)) throw new ShapeError(`norm: expected a number or ±Infinity as order, got ${order}.`)
  const axes = axesOf('norm', x, axis)
  if (Math.abs(order) === Number.POSITIVE_INFINITY) expectValues('norm', x, axes)
  return tf.tidy((): T => {
    if (order === Number.POSITIVE_INFINITY) return max(abs(x), axes, keepDims)
    if (order === Number.NEGATIVE_INFINITY) return min(abs(x), axes, keepDims)
    if (order === 0) return sum(cast(cast(asConstant(x), 'bool'), 'float32'), axes, keepDims)
    if (order === 1) return sum(abs(x), axes, keepDims)
    if (order === 2) return flatAtZero(sum(square(x), axes, keepDims), sqrt) as T
    const powers = sum<Tensor>(absPower({ x }, { exponent: order }), axes, keepDims)
    return flatAtZero(powers, (each) => absPower({ x: each }, { exponent: 1 / order })) as T
  })
}
