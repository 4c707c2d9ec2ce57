import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { expectOptions } from '../checks/expect.ts'
import { itemAt } from '../checks/item.ts'
import { div, sqrt, square, sub } from './arithmetic.ts'
import { type Axes, axesOf } from './axes.ts'
import { expectDtype } from './dtype.ts'
import { flatAtZero } from './norm.ts'
import { mean } from './reduce.ts'
import { sum } from './sum.ts'

export interface VarianceOptions {
  /** What is taken off the number of values: 1 for a sample of a population, 0 for the population. */
  correction?: number
  keepDims?: boolean
}

/**
 * `Σ (x − mean)² / max(0, count − correction)` over `axis`; over all axes where it is left out.
 *
 * @param x any shape, float32
 * @returns the shape without these axes, or with size 1 there; NaN where there are not more values than `correction`
 * @throws ShapeError if an axis does not exist or comes twice
 * @see torch.var
 */
export function variance(x: Tensor, axis?: null, options?: VarianceOptions & { keepDims?: false }): Scalar
export function variance(x: Tensor, axis?: Axes, options?: VarianceOptions): Tensor
export function variance(x: Tensor, axis?: Axes, options?: VarianceOptions): Tensor {
  return varianceFor('variance', x, axis, options)
}

function varianceFor(operator: string, x: Tensor, axis: Axes | undefined, options: VarianceOptions = {}): Tensor {
  expectOptions(operator, options, { correction: true, keepDims: true })
  const { correction = 1, keepDims = false } = options
  const axes = axesOf(operator, x, axis)
  expectDtype(operator, 'x', x, 'float32', 'int32')
  const count = tf.util.sizeFromShape(axes.map((each) => itemAt(x.shape, each)))
  return tf.tidy(() => {
    const squares = sum(square(sub(x, mean(x, axes, true))), axes, keepDims)
    return div(squares, Math.max(0, count - correction))
  })
}

/**
 * Square root of the variance. Where that is 0 the gradient is 0, as in PyTorch.
 *
 * @see torch.std
 */
export function std(x: Tensor, axis?: null, options?: VarianceOptions & { keepDims?: false }): Scalar
export function std(x: Tensor, axis?: Axes, options?: VarianceOptions): Tensor
export function std(x: Tensor, axis?: Axes, options?: VarianceOptions): Tensor {
  return tf.tidy(() => flatAtZero(varianceFor('std', x, axis, options), sqrt))
}
