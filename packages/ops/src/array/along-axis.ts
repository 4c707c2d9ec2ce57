import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { expectOperand } from '../checks/expect.ts'
import { itemAt } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { add } from './arithmetic.ts'
import { axisOf, broadcastShapes, expectIndices } from './axes.ts'
import { clone } from './cast.ts'
import { broadcastTo } from './rearrange.ts'
import { gather, segmentSum } from './select.ts'
import { reshape } from './shape.ts'

/**
 * The value of `x` along `axis` at each position: `y[i][j] = x[i][indices[i][j]]` for the last of two axes.
 *
 * @param x any shape of at least one axis
 * @param indices int32, of the rank of `x`; the other axes broadcast with those of `x`. A constant to differentiation
 * @returns the shape of `indices`, broadcast
 * @throws ShapeError if the axis does not exist, the ranks differ, the indices are not int32 or the shapes do not
 * broadcast; RangeError for a position outside the axis on cpu and wasm. On webgpu and tensorflow such a position gives
 * another value of `x`, 0 or an error: reading positions back would wait for the device
 * @see torch.take_along_dim; torch.gather is the same where the other axes are equal (where `indices` is smaller, slice `x`)
 */
export function takeAlongAxis<T extends Tensor>(x: T, indices: Tensor, axis: number): T {
  expectOperand('takeAlongAxis', 'x', x)
  expectOperand('takeAlongAxis', 'indices', indices)
  const place = axisOf('takeAlongAxis', x, axis)
  expectRank('takeAlongAxis', 'indices', indices, x)
  expectIndices('takeAlongAxis', 'indices', indices)
  const others = broadcastShapes('takeAlongAxis', withSize(x.shape, place, 1), withSize(indices.shape, place, 1))
  return tf.tidy(() => {
    const from = broadcastTo(x, withSize(others, place, itemAt(x.shape, place)))
    const at = broadcastTo(indices, withSize(others, place, itemAt(indices.shape, place)))
    if (at.size === 0) return tf.zeros(at.shape, x.dtype) as T
    return reshape(gather(reshape(from, [-1]), flatPositions('takeAlongAxis', from, at, place)), at.shape) as T
  })
}

/**
 * `x` with the values of `source` added at their positions along `axis`: `y[i][indices[i][j]] += source[i][j]` for the
 * last of two axes. Equal positions add up. The adjoint of `takeAlongAxis`.
 *
 * @param x any shape of at least one axis, float32
 * @param indices int32, of the rank of `x`, and in the other axes not larger. A constant to differentiation
 * @param source the shape of `indices`
 * @throws ShapeError if the axis does not exist, ranks, shapes or dtypes do not fit; RangeError for a position outside the
 * axis on cpu and wasm. On webgpu such a position is left out, or, inside `x`, changes another value; on
 * tensorflow it does that or throws
 * @see torch.scatter_add, where `source` may be larger than `indices`
 */
export function scatterAdd<T extends Tensor>(x: T, indices: Tensor, source: Tensor, axis: number): T {
  const place = expectScatter('scatterAdd', x, indices, source, axis)
  if (indices.size === 0) return clone(x)
  return tf.tidy(() => {
    const sums = segmentSum(reshape(source, [-1, 1]), flatPositions('scatterAdd', x, indices, place), x.size)
    return add<T>(x, reshape(sums, x.shape) as T)
  })
}

type Scatter = { x: Tensor; positions: Tensor; source: Tensor }

const scatterOp: Op<Scatter, object, Tensor> = defineOp('scatter', {
  inputs: ['x', 'positions', 'source'],
  saves: ['positions'],
  forward: ({ x, positions, source }: Scatter): Tensor =>
    // tfjs's kernels for cpu and wasm write into x itself: they get a copy.
    tf.tensorScatterUpdate(tf.mul(x, 1), tf.reshape(positions, [-1, 1]), source),
  gradient: {
    x: (dy, { positions }) => scatterOp({ x: dy, positions, source: tf.zeros(positions.shape) }, {}),
    source: (dy, { positions }) => gather(dy, positions),
  },
  constants: { positions: 'a position is an integer' },
})

/**
 * `x` with its values at the positions along `axis` replaced by those of `source`: `y[i][indices[i][j]] = source[i][j]`
 * for the last of two axes.
 *
 * @param x any shape of at least one axis, float32
 * @param indices int32, of the rank of `x`, and in the other axes not larger. A constant to differentiation. As in
 * PyTorch it is open which value stays where positions are equal, and all of them get its gradient
 * @param source the shape of `indices`, or a number
 * @throws ShapeError and RangeError as `scatterAdd`
 * @see torch.scatter, where `source` may be larger than `indices`
 */
export function scatter<T extends Tensor>(x: T, indices: Tensor, source: Tensor | number, axis: number): T {
  const place = expectScatter('scatter', x, indices, typeof source === 'number' ? undefined : source, axis)
  if (indices.size === 0) return clone(x)
  return tf.tidy(() => {
    const positions = flatPositions('scatter', x, indices, place)
    const values = typeof source === 'number' ? tf.fill(positions.shape, source) : reshape(source, [-1])
    return reshape(scatterOp({ x: reshape(x, [-1]), positions, source: values }, {}), x.shape) as T
  })
}

function expectScatter(operator: string, x: Tensor, indices: Tensor, source: Tensor | undefined, axis: number): number {
  const place = axisOf(operator, x, axis)
  expectRank(operator, 'indices', indices, x)
  expectIndices(operator, 'indices', indices)
  if (source !== undefined && !tf.util.arraysEqual(indices.shape, source.shape)) {
    throw new ShapeError(
      `${operator}: expected a source of the shape of indices [${indices.shape}], got [${source.shape}]. Slice it first.`,
    )
  }
  if (indices.shape.some((size, at) => at !== place && size > itemAt(x.shape, at))) {
    throw new ShapeError(
      `${operator}: expected indices that are not larger than x [${x.shape}] outside axis ${place}, got [${indices.shape}].`,
    )
  }
  for (const { dtype } of [x, source ?? x]) {
    if (dtype !== 'float32') throw new ShapeError(`${operator}: expected float32 x and source, got ${dtype}. Cast it.`)
  }
  return place
}

function expectRank(operator: string, name: string, tensor: Tensor, x: Tensor): void {
  if (tensor.rank !== x.rank) {
    throw new ShapeError(
      `${operator}: expected ${name} of the rank of x [${x.shape}], got [${tensor.shape}]. Add axes with expandDims.`,
    )
  }
}

const withSize = (shape: readonly number[], axis: number, size: number): number[] => shape.toSpliced(axis, 1, size)

/** Positions along `axis` as positions in the flat `x`, int32 `[indices.size]`. */
function flatPositions(operator: string, x: Tensor, indices: Tensor, axis: number): Tensor1D {
  const size = itemAt(x.shape, axis)
  if (tf.getBackend() === 'cpu' || tf.getBackend() === 'wasm') {
    for (const position of indices.dataSync()) {
      if (position < 0 || position >= size) {
        throw new RangeError(`${operator}: expected positions in 0 … ${size - 1}, axis ${axis} of x, got ${position}.`)
      }
    }
  }
  const strides = x.shape.map((_, at) => tf.util.sizeFromShape(x.shape.slice(at + 1)))
  return flatPositionsOp(
    {},
    {
      indices,
      stride: itemAt(strides, axis),
      outer: offsets(indices.shape.slice(0, axis), strides.slice(0, axis)),
      inner: offsets(indices.shape.slice(axis + 1), strides.slice(axis + 1)),
    },
  ) as Tensor1D
}

interface FlatPositions {
  readonly indices: Tensor
  readonly stride: number
  readonly outer: Int32Array
  readonly inner: Int32Array
}

/** `outer + indices · stride + inner`. The indices are an attribute and not an input: positions have no derivative. */
const flatPositionsOp = defineOp('flatPositions', {
  inputs: [],
  forward: (_: Record<never, Tensor>, { indices, stride, outer, inner }: FlatPositions): Tensor => {
    const steps = tf.mul(tf.reshape(indices, [outer.length, -1, inner.length]), tf.scalar(stride, 'int32'))
    const rows = tf.tensor3d(outer, [outer.length, 1, 1], 'int32')
    const columns = tf.tensor3d(inner, [1, 1, inner.length], 'int32')
    return tf.reshape(tf.add(tf.add(steps, rows), columns), [-1])
  },
  gradient: {},
})

/** The position of each element of a part of `shape` in a tensor with `strides`. */
function offsets(shape: readonly number[], strides: readonly number[]): Int32Array {
  let all = Int32Array.of(0)
  for (const [axis, size] of shape.entries()) {
    const next = new Int32Array(all.length * size)
    for (const [index, offset] of all.entries()) {
      for (let i = 0; i < size; i++) next[index * size + i] = offset + i * itemAt(strides, axis)
    }
    all = next
  }
  return all
}
