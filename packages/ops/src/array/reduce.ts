import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../engine/stock-op.ts'
import { div, mul } from './arithmetic.ts'
import { equal } from './compare.ts'
import { cast, reshape, tile } from './shape.ts'

type One = { x: Tensor }
type Reduction = { axis?: number | number[] | null; keepDims?: boolean }

/** The shape with the reduced axes kept at size 1, so that the gradient broadcasts back. */
const keptShape = (x: Tensor, axis: Reduction['axis']): number[] => {
  const axes = new Set(tf.util.parseAxisParam(axis ?? x.shape.map((_, index) => index), x.shape))
  return x.shape.map((size, index) => (axes.has(index) ? 1 : size))
}

/** Repeats the axes of size 1 until `x`, of the same rank, has `shape`. */
const broadcastTo = (x: Tensor, shape: number[]): Tensor =>
  tile(
    x,
    shape.map((size, axis) => (x.shape[axis] === 1 ? size : 1)),
  )

/** Sum over `axis` (all axes when omitted). */
export const sum: typeof tf.sum = stockOp<typeof tf.sum, One, Reduction>('Sum', tf.sum, ['x'], {
  gradient: { x: (dy, { x }, { axis }) => broadcastTo(reshape(dy, keptShape(x, axis)), x.shape) },
})

/** Mean over `axis` (all axes when omitted). */
export const mean: typeof tf.mean = stockOp<typeof tf.mean, One, Reduction>('Mean', tf.mean, ['x'], {
  gradient: {
    x: (dy, { x }, { axis }) => {
      const kept = keptShape(x, axis)
      const count = x.size / Math.max(1, tf.util.sizeFromShape(kept))
      return broadcastTo(reshape(div(dy, count), kept), x.shape)
    },
  },
})

/** Largest value over `axis`; equal maxima share the gradient evenly, as PyTorch's `amax`. */
export const max: typeof tf.max = stockOp<
  typeof tf.max,
  One,
  { reductionIndices?: number | number[]; keepDims?: boolean }
>('Max', tf.max, ['x'], {
  saves: ['x', 'output'],
  gradient: {
    x: (dy, { x, output }, { reductionIndices }) => {
      const kept = keptShape(x, reductionIndices)
      const hits = cast(equal(x, reshape(output, kept)), 'float32')
      return mul(div(reshape(dy, kept), sum(hits, reductionIndices, true)), hits)
    },
  },
})
