import { fill, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { abs, add, exp, log, sub } from './arithmetic.ts'
import { type Axes, axesOf, reducedShape } from './axes.ts'
import { less } from './compare.ts'
import { asConstant } from './detach.ts'
import { expectDtype } from './dtype.ts'
import { max } from './reduce.ts'
import { reshape } from './shape.ts'
import { sum } from './sum.ts'
import { where } from './where.ts'

/**
 * `log Σ eˣ` over `axis`; over all axes where it is left out. The maximum is taken off first: exp overflows above 88.
 *
 * @param x any shape, float32
 * @returns the shape without these axes, or with size 1 there; over no values at all −Infinity
 * @throws ShapeError if an axis does not exist or comes twice
 * @see torch.logsumexp
 */
export function logSumExp(x: Tensor, axis?: null, keepDims?: false): Scalar
export function logSumExp<T extends Tensor>(x: T, axis: Axes | undefined, keepDims: true): T
export function logSumExp(x: Tensor, axis?: Axes, keepDims?: boolean): Tensor
export function logSumExp(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  const axes = axesOf('logSumExp', x, axis)
  expectDtype('logSumExp', 'x', x, 'float32', 'int32')
  if (x.size === 0) return fill(reducedShape(x.shape, axes, keepDims), Number.NEGATIVE_INFINITY)
  return tidy(() => {
    const largest = max(asConstant(x), axes, true)
    // Infinity − Infinity is NaN: an infinite maximum is not taken off.
    const shift = where(less(abs(largest), Number.POSITIVE_INFINITY), largest, 0)
    const sums = log(sum(exp(sub(x, shift)), axes, true))
    return reshape(add(sums, shift), reducedShape(x.shape, axes, keepDims))
  })
}
