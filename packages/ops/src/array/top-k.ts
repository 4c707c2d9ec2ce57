import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp } from '../autodiff/define-op.ts'
import { expectOperand, expectOptions, type OptionNames } from '../checks/expect.ts'
import { itemAt } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { takeAlongAxis } from './along-axis.ts'
import { axisOf } from './axes.ts'

export interface TopKOptions {
  axis?: number
  /** False: the smallest values, in ascending order. */
  largest?: boolean
  /** PyTorch's. Here the values are sorted in either case, so that it changes nothing. */
  sorted?: boolean
}

/** Values with their positions along an axis, int32. */
export interface ValuesWithIndices {
  readonly values: Tensor
  readonly indices: Tensor
}

/** In the opposite order. −1 − x is an integer where −x is not: of the least one. */
const reversed = (x: Tensor): Tensor => (x.dtype === 'int32' ? tf.sub(tf.scalar(-1, 'int32'), x) : tf.neg(x))

const topKIndicesOp = defineOp('topKIndices', {
  inputs: ['x'],
  saves: [],
  forward: ({ x }: { x: Tensor }, { k, axis, largest }: { k: number; axis: number; largest: boolean }): Tensor => {
    const order = [...x.shape.keys()].filter((each) => each !== axis)
    const moved = axis === x.rank - 1 ? x : tf.transpose(x, [...order, axis])
    const rows = tf.reshape(moved, [-1, itemAt(x.shape, axis)])
    // NaN counts as the largest value; tfjs's kernel leaves its place open.
    const known =
      x.dtype === 'int32' ? rows : tf.where(tf.equal(rows, rows), rows, tf.fill(rows.shape, Number.POSITIVE_INFINITY))
    const positions = tf.topk(largest ? known : reversed(known), k).indices
    const indices = tf.reshape(positions, [...moved.shape.slice(0, -1), k])
    return axis === x.rank - 1
      ? indices
      : tf.transpose(indices, tf.backend_util.getUndoAxesPermutation([...order, axis]))
  },
  gradient: {},
  constants: { x: 'a position is an integer' },
})

/**
 * The `k` largest values along `axis`, in descending order, and their positions. The gradient flows through the values.
 *
 * @param x any shape of at least one axis, float32 or int32
 * @returns `values` and int32 `indices`, with `k` in the place of the axis. Of equal values the first ones come first
 * (PyTorch leaves that open); NaN counts as +Infinity
 * @throws ShapeError if the axis does not exist, holds fewer than `k` values, or `x` is bool
 * @see torch.topk
 * @example topK(tensor([3, 1, 2]), 2) // values [3, 2], indices [0, 2]
 */
export function topK(x: Tensor, k: number, options: TopKOptions = {}): ValuesWithIndices {
  expectOptions('topK', options, { axis: true, largest: true, sorted: true })
  const { axis = -1, largest = true } = options
  return select('topK', x, k, axis, largest)
}

export interface SortOptions {
  axis?: number
  descending?: boolean
}

/**
 * The values along `axis` in ascending or descending order, and where they stood. The gradient flows through the values.
 *
 * @param x any shape of at least one axis, float32 or int32
 * @returns `values` and int32 `indices` of the shape of `x`. NaN counts as +Infinity
 * @throws ShapeError if the axis does not exist or `x` is bool
 * @see torch.sort
 */
const sortOptions: OptionNames<SortOptions> = { axis: true, descending: true }

export function sort(x: Tensor, options: SortOptions = {}): ValuesWithIndices {
  expectOptions('sort', options, sortOptions)
  const { axis = -1, descending = false } = options
  expectOperand('sort', 'x', x)
  return select('sort', x, itemAt(x.shape, axisOf('sort', x, axis)), axis, descending)
}

/**
 * The positions that sort `x` along `axis`, int32.
 *
 * @throws ShapeError as `sort`
 * @see torch.argsort
 */
export function argSort(x: Tensor, options: SortOptions = {}): Tensor {
  expectOptions('argSort', options, sortOptions)
  const { axis = -1, descending = false } = options
  expectOperand('argSort', 'x', x)
  return indicesOf('argSort', x, itemAt(x.shape, axisOf('argSort', x, axis)), axis, descending)
}

function select(operator: string, x: Tensor, k: number, axis: number, largest: boolean): ValuesWithIndices {
  return tf.tidy(() => {
    const indices = indicesOf(operator, x, k, axis, largest)
    return { values: takeAlongAxis(x, indices, axis), indices }
  })
}

function indicesOf(operator: string, x: Tensor, k: number, axis: number, largest: boolean): Tensor {
  const place = axisOf(operator, x, axis)
  const size = itemAt(x.shape, place)
  if (!Number.isInteger(k) || k < 0 || k > size) {
    throw new ShapeError(`${operator}: expected k in 0 … ${size}, axis ${place} of x [${x.shape}], got ${k}.`)
  }
  if (x.dtype !== 'float32' && x.dtype !== 'int32') {
    throw new ShapeError(`${operator}: expected float32 or int32 x, got ${x.dtype}. Cast it first.`)
  }
  const shape = x.shape.toSpliced(place, 1, k)
  if (tf.util.sizeFromShape(shape) === 0) return tf.zeros(shape, 'int32')
  return topKIndicesOp({ x }, { k, axis: place, largest })
}
