import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { expectOptions } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { abs, div, mul, sqrt, square } from './arithmetic.ts'
import { type Axes, axesOf, expectValues, reducedShape } from './axes.ts'
import { cast } from './cast.ts'
import { equal, greater, less } from './compare.ts'
import { zerosLike } from './create.ts'
import { asConstant } from './detach.ts'
import { expectDtype } from './dtype.ts'
import { logicalAnd } from './logical.ts'
import { max, min } from './reduce.ts'
import { sign } from './round.ts'
import { reshape } from './shape.ts'
import { sum } from './sum.ts'
import { where } from './where.ts'

/** `|x|^exponent`; its derivative at 0 is 0. */
const absPower: Op<{ x: Tensor }, { exponent: number }, Tensor> = defineOp('absPower', {
  inputs: ['x'],
  forward: ({ x }: { x: Tensor }, { exponent }: { exponent: number }): Tensor => tf.pow(tf.abs(x), exponent),
  gradient: {
    x: (dy, { x }, { exponent }) => {
      const isZero = equal(x, 0)
      // In the place of 0, whose power may be infinite: the derivative of what is left out would be 0 · ∞.
      const base = where(isZero, 1, x)
      const slope = mul(mul(exponent, sign(asConstant(base))), absPower({ x: base }, { exponent: exponent - 1 }))
      return where(isZero, 0, mul(dy, slope))
    },
  },
})

/** `root(x)`, with the derivative 0 instead of infinity at 0. */
export function flatAtZero(x: Tensor, root: (x: Tensor) => Tensor): Tensor {
  const isZero = equal(x, 0)
  return where(isZero, zerosLike(x), root(where(isZero, 1, x)))
}

/**
 * What the values are divided by before powers of them are taken, and the norm multiplied with afterwards: powers of values
 * that are small or large leave float32, and no norm of theirs does. The one that decides, which is constant here: dividing
 * and multiplying by the same number changes no derivative.
 */
function unitOf(x: Tensor, axes: number[], order: number): Tensor {
  if (x.size === 0) return tf.scalar(1)
  const size = abs(asConstant(x))
  const unit = order > 0 ? max(size, axes, true) : min(size, axes, true)
  return where(logicalAnd(greater(unit, 0), less(unit, Number.POSITIVE_INFINITY)), unit, 1)
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
export function norm(x: Tensor, options?: NormOptions & { axis?: null; keepDims?: false }): Scalar
export function norm(x: Tensor, options?: NormOptions): Tensor
export function norm(x: Tensor, options: NormOptions = {}): Tensor {
  expectOptions('norm', options, { order: true, axis: true, keepDims: true })
  const { order = 2, axis, keepDims = false } = options
  if (Number.isNaN(order)) throw new ShapeError(`norm: expected a number or ±Infinity as order, got ${order}.`)
  const axes = axesOf('norm', x, axis)
  expectDtype('norm', 'x', x, 'float32', 'int32')
  if (Math.abs(order) === Number.POSITIVE_INFINITY) expectValues('norm', x, axes)
  return tf.tidy((): Tensor => {
    if (order === Number.POSITIVE_INFINITY) return max(abs(x), axes, keepDims)
    if (order === Number.NEGATIVE_INFINITY) return min(abs(x), axes, keepDims)
    if (order === 0) return sum(cast(cast(asConstant(x), 'bool'), 'float32'), axes, keepDims)
    if (order === 1) return sum(abs(x), axes, keepDims)
    const unit = unitOf(x, axes, order)
    const scaled = div(x, unit)
    const powers = order === 2 ? square(scaled) : absPower({ x: scaled }, { exponent: order })
    const sums = sum(powers, axes, true)
    const roots = flatAtZero(sums, (each) =>
      order === 2 ? sqrt(each) : absPower({ x: each }, { exponent: 1 / order }),
    )
    return reshape(mul(roots, unit), reducedShape(x.shape, axes, keepDims))
  })
}
