import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../autodiff/stock-op.ts'
import { expectList, expectOperand } from '../checks/expect.ts'
import { itemAt } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { type Axes, axesOf, axisOf } from './axes.ts'
import { clone } from './cast.ts'
import { concat, reshape, slice } from './shape.ts'
import { tile } from './sum.ts'

/**
 * `x` repeated along its axes of size 1, and along new first axes, until it has `shape`; -1 keeps a size.
 *
 * @throws ShapeError if another axis has another size
 * @see torch.broadcast_to; here the values are copied
 */
export function broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
  expectOperand('broadcastTo', 'x', x)
  expectList('broadcastTo', 'shape', shape)
  const lead = shape.length - x.rank
  const from = [...new Array<number>(Math.max(0, lead)).fill(1), ...x.shape]
  const target = shape.map((size, axis) => (size === -1 && axis >= lead ? itemAt(from, axis) : size))
  if (
    lead < 0 ||
    target.some((size, axis) => !Number.isInteger(size) || size < 0 || (from[axis] !== 1 && from[axis] !== size))
  ) {
    throw new ShapeError(
      `broadcastTo: expected a shape that x [${x.shape}] broadcasts to, got [${shape}]. Sizes must be equal or 1 in x.`,
    )
  }
  if (tf.util.arraysEqual(x.shape, target)) return clone(x)
  return tile(
    x,
    target.map((size, axis) => (from[axis] === 1 ? size : 1)),
  )
}

/**
 * A new axis of size 1 at `axis`; a negative one counts from behind the last axis.
 *
 * @throws ShapeError if there is no such place
 * @see torch.unsqueeze
 */
export function expandDims(x: Tensor, axis = 0): Tensor {
  expectOperand('expandDims', 'x', x)
  return reshape(x, x.shape.toSpliced(axisOf('expandDims', x, axis, x.rank + 1), 0, 1))
}

/**
 * Leaves out the axes of size 1: all, or those among `axis`. Other axes stay, as in PyTorch (tfjs throws).
 *
 * @throws ShapeError if an axis does not exist or comes twice
 * @see torch.squeeze
 */
export function squeeze(x: Tensor, axis?: number | readonly number[]): Tensor {
  expectOperand('squeeze', 'x', x)
  const axes = axis !== undefined && [axis].flat().length === 0 ? [] : axesOf('squeeze', x, axis)
  return reshape(
    x,
    x.shape.filter((size, at) => size !== 1 || !axes.includes(at)),
  )
}

const reverseOp: typeof tf.reverse = stockOp<typeof tf.reverse, { x: Tensor }, { dims: number[] }>(
  'Reverse',
  tf.reverse,
  ['x'],
  {
    saves: [],
    gradient: { x: (dy, _, { dims }) => reverseOp(dy, dims) },
  },
)

/**
 * The order of the values along `axis` reversed; along all axes where it is left out.
 *
 * @throws ShapeError if an axis does not exist or comes twice
 * @see torch.flip
 */
export function reverse<T extends Tensor>(x: T, axis?: Axes): T {
  const axes = axesOf('reverse', x, axis).filter((each) => x.shape[each] !== 1)
  if (axes.length === 0 || x.size === 0) return clone(x)
  return tf.tidy(() => {
    let y: Tensor = x
    for (const each of axes) {
      // As [outer, size, inner]: TensorFlow reverses up to eight axes.
      const shape = [tf.util.sizeFromShape(x.shape.slice(0, each)), itemAt(x.shape, each), -1]
      y = reverseOp(reshape(y, shape), 1)
    }
    return reshape(y, x.shape) as T
  })
}

/**
 * Moves the values by `shifts` along `axes`; what leaves at the end comes in at the beginning.
 * Without axes all values move in row-major order.
 *
 * @throws ShapeError if there is not one integer shift for each axis, or an axis does not exist
 * @see torch.roll
 */
export function roll<T extends Tensor>(x: T, shifts: number | readonly number[], axes?: number | readonly number[]): T {
  expectOperand('roll', 'x', x)
  const by = [shifts].flat()
  const along = axes === undefined ? [0] : [axes].flat().map((axis) => axisOf('roll', x, axis))
  if (by.length !== along.length || !by.every(Number.isInteger)) {
    throw new ShapeError(
      `roll: expected one integer shift for each axis, got shifts [${by}] and axes ${axes === undefined ? 'left out' : `[${along}]`} for x [${x.shape}].`,
    )
  }
  if (x.size === 0) return clone(x)
  return tf.tidy(() => {
    let y: Tensor = axes === undefined ? reshape(x, [-1]) : x
    for (const [index, axis] of along.entries()) {
      const size = itemAt(y.shape, axis)
      const shift = ((itemAt(by, index) % size) + size) % size
      if (shift === 0) continue
      const begin = y.shape.map((_, at) => (at === axis ? size - shift : 0))
      const extent = y.shape.map((full, at) => (at === axis ? size - shift : full))
      y = concat([slice(y, begin), slice(y, new Array(y.rank).fill(0), extent)], axis)
    }
    return y === x ? clone(x) : (reshape(y, x.shape) as T)
  })
}
