import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../autodiff/stock-op.ts'
import { expectList, expectOperand } from '../checks/expect.ts'
import { itemAt, lastItem } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { type Axes, axesOf, reducedShape } from './axes.ts'
import { clone } from './cast.ts'
import { reshape } from './shape.ts'

// Adding up and repeating are each other's adjoint, and so are defined together.

type One = { x: Tensor }
type Reduction = { axis: number | number[]; keepDims: boolean }

/** The shape with the reduced axes kept at size 1, so that the gradient broadcasts back. */
export const keptShape = (x: Tensor, axis: number | number[]): number[] =>
  reducedShape(x.shape, tf.util.parseAxisParam(axis, x.shape), true)

/** Repeats the axes of size 1 until `x`, of the same rank, has `shape`. */
export const repeatTo = (x: Tensor, shape: number[]): Tensor =>
  tile(
    x,
    shape.map((size, axis) => (x.shape[axis] === 1 ? size : 1)),
  )

const sumOp = stockOp<typeof tf.sum, One, Reduction>('Sum', tf.sum, ['x'], {
  gradient: { x: (dy, { x }, { axis }) => repeatTo(reshape(dy, keptShape(x, axis)), x.shape) },
})

/**
 * Sum over `axis`; over all axes where it is left out.
 *
 * @param x any shape; bool and int32 give int32, which wraps around beyond ±2³¹ (PyTorch's sum is int64)
 * @returns the shape without these axes, or with size 1 there; over no values at all 0
 * @throws ShapeError if an axis does not exist or comes twice
 * @see torch.sum
 */
export function sum(x: Tensor, axis?: null, keepDims?: false): Scalar
export function sum<T extends Tensor>(x: T, axis: Axes | undefined, keepDims: true): T
export function sum(x: Tensor, axis?: Axes, keepDims?: boolean): Tensor
export function sum(x: Tensor, axis?: Axes, keepDims = false): Tensor {
  const axes = axesOf('sum', x, axis)
  if (x.size === 0) return tf.zeros(reducedShape(x.shape, axes, keepDims), sumType(x))
  return sumOp(x, axes, keepDims)
}

const sumType = ({ dtype }: Tensor): 'float32' | 'int32' => (dtype === 'float32' ? 'float32' : 'int32')

/** The adjoint of broadcasting: sums `dy` over the axes along which a tensor of `shape` was repeated. */
export function sumToShape(dy: Tensor, shape: number[]): Tensor {
  const lead = dy.rank - shape.length
  const axes: number[] = []
  for (let axis = 0; axis < dy.rank; axis++) {
    if (axis < lead || (shape[axis - lead] === 1 && dy.shape[axis] !== 1)) axes.push(axis)
  }
  return axes.length === 0 && lead === 0 ? dy : reshape(sum(dy, axes, true), shape)
}

const tileOp = stockOp<typeof tf.tile, One, { reps: number[] }>('Tile', tf.tile, ['x'], {
  gradient: {
    x: (dy, { x }, { reps }) => {
      if (x.shape.every((size, axis) => size === 1 || reps[axis] === 1)) {
        const axes = [...x.shape.keys()].filter((axis) => reps[axis] !== 1)
        return axes.length === 0 ? dy : sum(dy, axes, true)
      }
      // Only repeated axes are split, into [repetitions, size], and neighbours between them merged: few axes.
      const split: number[] = [1]
      const repeated: number[] = []
      for (const [axis, size] of x.shape.entries()) {
        const times = itemAt(reps, axis)
        if (times !== 1) {
          repeated.push(split.length)
          split.push(times, size)
        } else split[split.length - 1] = lastItem(split) * size
      }
      return reshape(sum(reshape(dy, split), repeated), x.shape)
    },
  },
})

/**
 * Repeats `x` along each axis. Where `reps` is shorter than the shape, the first axes are not repeated; where it is
 * longer, `x` gets new first axes.
 *
 * @throws ShapeError if a repetition is not an integer of at least 0
 * @see torch.tile
 */
export function tile<T extends Tensor>(x: T, reps: readonly number[]): T {
  expectOperand('tile', 'x', x)
  expectList('tile', 'reps', reps)
  if (reps.some((times) => !Number.isInteger(times) || times < 0)) {
    throw new ShapeError(`tile: expected integer repetitions of at least 0 for x [${x.shape}], got [${reps}].`)
  }
  const rank = Math.max(x.rank, reps.length)
  const shape = [...new Array<number>(rank - x.rank).fill(1), ...x.shape]
  const times = [...new Array<number>(rank - reps.length).fill(1), ...reps]
  if (times.includes(0) || x.size === 0) {
    const empty = shape.map((size, axis) => size * itemAt(times, axis))
    return tf.zeros(empty, x.dtype) as T
  }
  if (rank === 0) return clone(x)
  return tf.tidy(() => {
    const from = rank === x.rank ? x : reshape(x, shape)
    return (rank <= 7 ? tileOp(from, times) : tileOneByOne(from, times)) as T
  })
}

/** Axis by axis, as [outer, size, inner]: TensorFlow tiles up to seven axes. */
function tileOneByOne(x: Tensor, times: readonly number[]): Tensor {
  let y = x
  for (const [axis, each] of times.entries()) {
    if (each === 1) continue
    const [size, outer] = [itemAt(y.shape, axis), tf.util.sizeFromShape(y.shape.slice(0, axis))]
    y = reshape(tileOp(reshape(y, [outer, size, -1]), [1, each, 1]), y.shape.toSpliced(axis, 1, size * each))
  }
  return y === x ? clone(x) : y
}
