import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../engine/stock-op.ts'
import { mul } from './arithmetic.ts'
import { matMul } from './mat-mul.ts'
import { cast, reshape, slice, stack } from './shape.ts'

/** `condition ? whenTrue : whenFalse`, elementwise; the three have one shape. */
export const where: typeof tf.where = stockOp<
  typeof tf.where,
  { condition: Tensor; t: Tensor; e: Tensor },
  unknown,
  'condition'
>('Select', tf.where, ['condition', 't', 'e'], {
  saves: ['condition'],
  gradient: {
    t: (dy, { condition }) => mul(dy, cast(condition, 'float32')),
    e: (dy, { condition }) => mul(dy, cast(tf.logicalNot(condition), 'float32')),
  },
  constants: { condition: 'a condition is a step' },
})

/**
 * Rows of `x` along `axis`, chosen by int32 `indices`.
 * The gradient adds each row's share back as a product with the one-hot indices.
 */
export const gather: typeof tf.gather = stockOp<
  typeof tf.gather,
  { x: Tensor; indices: Tensor },
  { axis: number },
  'indices'
>('GatherV2', tf.gather, ['x', 'indices'], {
  gradient: {
    x: (dy, { x, indices }, { axis }) => {
      const size = x.shape[axis] as number
      const outer = tf.util.sizeFromShape(x.shape.slice(0, axis))
      const inner = tf.util.sizeFromShape(x.shape.slice(axis + 1))
      const chosen = oneHot(reshape(indices, [-1]), size) // [count, size]
      const flat = reshape(dy, [outer, indices.size, inner])
      const rows = Array.from({ length: outer }, (_, row) =>
        matMul(chosen, reshape(slice(flat, [row, 0, 0], [1, -1, -1]), [indices.size, inner]), true),
      )
      return reshape(stack(rows), x.shape)
    },
  },
  constants: { indices: 'a position is an integer' },
})

/** One-hot rows, float32: `[…indices.shape, depth]`. */
export const oneHot = (indices: Tensor | number[], depth: number): Tensor => cast(tf.oneHot(indices, depth), 'float32')
