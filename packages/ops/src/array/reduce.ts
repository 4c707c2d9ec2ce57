import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../autodiff/stock-op.ts'
import { div, mul } from './arithmetic.ts'
import { type Axes, axesOf, expectValues, reducedShape } from './axes.ts'
import { cast } from './cast.ts'
import { equal } from './compare.ts'
import { expectDtype } from './dtype.ts'
import { reshape } from './shape.ts'
import { keptShape, repeatTo, sum } from './sum.ts'

type One = { x: Tensor }
type Reduction = { axis: number | number[]; keepDims: boolean }

const meanOp = stockOp<typeof tf.mean, One, Reduction>('Mean', tf.mean, ['x'], {
  gradient: {
    x: (dy, { x }, { axis }) => {
      const kept = keptShape(x, axis)
      const count = x.size / Math.max(1, tf.util.sizeFromShape(kept))
      return repeatTo(reshape(div(dy, count), kept), x.shape)
    },
  },
})

/**
 * Mean over `axis`; over all axes where it is left out.
 *
 * @param x any shape; int32 gives float32, where PyTorch throws
 * @returns the shape without these axes, or with size 1 there; over no values at all NaN
 * @throws ShapeError if an axis does not exist or comes twice
 * @see torch.mean
 */
export function mean(x: Tensor, axis?: null, keepDims?: false): Scalar
export function mean<T extends Tensor>(x: T, axis: Axes | undefined, keepDims: true): T
export function mean(x: Tensor, axis?: Axes, keepDims?: boolean): Tensor
export function mean(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  const axes = axesOf('mean', x, axis)
  if (x.size === 0) return tf.fill(reducedShape(x.shape, axes, keepDims), Number.NaN)
  return meanOp(x, axes, keepDims)
}

/** Equal values share the gradient evenly. */
const shareAmongEqual = (dy: Tensor, x: Tensor, extreme: Tensor, axis: number | number[]): Tensor => {
  const kept = keptShape(x, axis)
  const hits = cast(equal(x, reshape(extreme, kept)), 'float32')
  return mul(div(reshape(dy, kept), sum(hits, axis, true)), hits)
}

type Extreme = { reductionIndices: number | number[]; keepDims: boolean }

const maxOp = stockOp<typeof tf.max, One, Extreme>('Max', tf.max, ['x'], {
  saves: ['x', 'output'],
  gradient: { x: (dy, { x, output }, { reductionIndices }) => shareAmongEqual(dy, x, output, reductionIndices) },
})

/**
 * Largest value over `axis`; over all axes where it is left out. Equal maxima share the gradient evenly.
 *
 * @param x any shape
 * @returns the shape without these axes, or with size 1 there; NaN where there is one
 * @throws ShapeError if an axis does not exist, comes twice, or has size 0
 * @see torch.amax, whose gradient it has; torch.max(x, dim) gives positions too, see `topK`
 */
export function max(x: Tensor, axis?: null, keepDims?: false): Scalar
export function max<T extends Tensor>(x: T, axis: Axes | undefined, keepDims: true): T
export function max(x: Tensor, axis?: Axes, keepDims?: boolean): Tensor
export function max(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  const axes = axesOf('max', x, axis)
  expectDtype('max', 'x', x, 'float32', 'int32')
  expectValues('max', x, axes)
  if (x.size === 0) return tf.zeros(reducedShape(x.shape, axes, keepDims), x.dtype)
  return maxOp(x, axes, keepDims)
}

const minOp = stockOp<typeof tf.min, One, Reduction>('Min', tf.min, ['x'], {
  saves: ['x', 'output'],
  gradient: { x: (dy, { x, output }, { axis }) => shareAmongEqual(dy, x, output, axis) },
})

/**
 * Smallest value over `axis`; over all axes where it is left out. Equal minima share the gradient evenly.
 *
 * @param x any shape
 * @returns the shape without these axes, or with size 1 there; NaN where there is one
 * @throws ShapeError if an axis does not exist, comes twice, or has size 0
 * @see torch.amin
 */
export function min(x: Tensor, axis?: null, keepDims?: false): Scalar
export function min<T extends Tensor>(x: T, axis: Axes | undefined, keepDims: true): T
export function min(x: Tensor, axis?: Axes, keepDims?: boolean): Tensor
export function min(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  const axes = axesOf('min', x, axis)
  expectDtype('min', 'x', x, 'float32', 'int32')
  expectValues('min', x, axes)
  if (x.size === 0) return tf.zeros(reducedShape(x.shape, axes, keepDims), x.dtype)
  return minOp(x, axes, keepDims)
}
