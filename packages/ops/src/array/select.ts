import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp } from '../autodiff/define-op.ts'
import { stockOp } from '../autodiff/stock-op.ts'
import { described } from '../checks/expect.ts'
import { expectBackend } from '../checks/expect-backend.ts'
import { itemAt } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { axisOf, expectIndices } from './axes.ts'
import { asConstant } from './detach.ts'
import { expectRange } from './index-range.ts'
import { reshape, transpose } from './shape.ts'

/**
 * Adds up rows that have the same position: `[rows, inner]` and int32 positions `[rows]` → `[count, inner]`.
 * The adjoint of gathering rows, and its gradient gathers. As ScatterNd: tfjs-wasm has no UnsortedSegmentSum, and that
 * of tfjs-backend-cpu compares every row with every position. The order of the additions is fixed on every backend.
 */
const segmentSumOp = defineOp('segmentSum', {
  inputs: ['x', 'positions'],
  saves: ['positions'],
  forward: ({ x, positions }: { x: Tensor; positions: Tensor }, { count }: { count: number }): Tensor =>
    tf.scatterND(tf.reshape(positions, [-1, 1]), x, [count, itemAt(x.shape, 1)]),
  gradient: { x: (dy, { positions }) => gather(dy, positions) },
  constants: { positions: 'a position is an integer' },
})

/** As `segmentSumOp`, also where there is nothing to add. The positions were checked when they were used to gather. */
export const segmentSum = (x: Tensor2D, positions: Tensor1D, count: number): Tensor2D =>
  (x.size === 0 || count === 0 ? tf.zeros([count, x.shape[1]]) : segmentSumOp({ x, positions }, { count })) as Tensor2D

const gatherOp = stockOp<typeof tf.gather, { x: Tensor; indices: Tensor }, { axis: number }, 'indices'>(
  'GatherV2',
  tf.gather,
  ['x', 'indices'],
  {
    gradient: {
      x: (dy, { x, indices }, { axis }) => {
        const size = itemAt(x.shape, axis)
        const outer = tf.util.sizeFromShape(x.shape.slice(0, axis))
        const inner = tf.util.sizeFromShape(x.shape.slice(axis + 1))
        const count = indices.size
        const positions = reshape(indices, [-1])
        const chosen = reshape(dy, [outer, count, inner])
        if (outer === 1) return reshape(segmentSum(reshape(chosen, [count, inner]), positions, size), x.shape)
        const rows = reshape(transpose(chosen, [1, 0, 2]), [count, outer * inner])
        const sums = reshape(segmentSum(rows, positions, size), [size, outer, inner])
        return reshape(transpose(sums, [1, 0, 2]), x.shape)
      },
    },
    constants: { indices: 'a position is an integer' },
  },
)

/**
 * Slices of `x` along `axis`, chosen by position: the axis is replaced by the axes of `indices`.
 * Its gradient adds each slice's share back.
 *
 * @param x any shape
 * @param indices int32, any shape; a constant to differentiation
 * @returns `[…before the axis, …indices.shape, …behind it]`
 * @throws ShapeError if the axis does not exist or the indices are not int32. RangeError for a position outside 0 … size − 1
 * on cpu and wasm. On tensorflow that throws TensorFlow's own error (on CUDA it gives 0); on webgpu it gives 0, and its gradient is undefined
 * @see torch.index_select, torch.nn.functional.embedding
 */
export function gather<T extends Tensor>(x: T, indices: Tensor1D, axis?: number): T
export function gather(x: Tensor, indices: Tensor, axis?: number): Tensor
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  const place = axisOf('gather', x, axis)
  expectIndices('gather', 'indices', indices)
  const shape = x.shape.toSpliced(place, 1, ...indices.shape)
  if (tf.util.sizeFromShape(shape) === 0) return tf.zeros(shape, x.dtype)
  expectRange('gather', 'indices', indices, itemAt(x.shape, place))
  return tf.tidy(() => gatherOp(x, asConstant(indices), place))
}

/**
 * One-hot rows, float32: `[…indices.shape, depth]`. A constant to differentiation.
 *
 * @param indices int32; a position outside 0 … depth − 1 gives a row of zeros, where PyTorch throws
 * @throws ShapeError if the indices are not int32 or `depth` is not at least 1
 * @see torch.nn.functional.one_hot, which gives int64
 */
export function oneHot(indices: Tensor | number[], depth: number): Tensor {
  expectBackend('oneHot')
  if (!Array.isArray(indices)) expectIndices('oneHot', 'indices', indices)
  else if (!indices.every((index) => typeof index === 'number'))
    throw new ShapeError(`oneHot: expected indices to be numbers, got ${described(indices)}.`)
  if (!Number.isInteger(depth) || depth < 1) {
    throw new ShapeError(`oneHot: expected an integer depth of at least 1, got ${depth}.`)
  }
  return tf.tidy(() => {
    const positions = Array.isArray(indices) ? tf.tensor1d(indices, 'int32') : asConstant(indices)
    const shape = [...positions.shape, depth]
    if (positions.size === 0) return tf.zeros(shape)
    // tfjs refuses a depth of 1.
    const hits = depth === 1 ? tf.equal(tf.reshape(positions, shape), 0) : tf.oneHot(positions, depth)
    return tf.cast(hits, 'float32')
  })
}
