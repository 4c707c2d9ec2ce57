import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../autodiff/stock-op.ts'
import { expectOptions } from '../checks/expect.ts'
import { itemAt } from '../checks/item.ts'
import { add } from './arithmetic.ts'
import { axisOf } from './axes.ts'
import { clone } from './cast.ts'
import { expectDtype } from './dtype.ts'
import { padConstant, reshape, slice } from './shape.ts'
import { sum } from './sum.ts'

export interface CumsumOptions {
  /** True: each value is left out of its own sum. */
  exclusive?: boolean
  /** True: sums from the end. */
  reverse?: boolean
}

const cumsumOp: typeof tf.cumsum = stockOp<
  typeof tf.cumsum,
  { x: Tensor },
  { axis: number; exclusive: boolean; reverse: boolean }
>('Cumsum', tf.cumsum, ['x'], {
  saves: [],
  gradient: { x: (dy, _, attributes) => cumsumOp(dy, attributes.axis, attributes.exclusive, !attributes.reverse) },
})

/** How many values cpu's and TensorFlow's kernels, which add in float32, add up at a time. */
const block = 1024

/** Running sums over the axis 1 of `[outer, size, inner]`: within blocks, and over the blocks' totals. */
function blockwise(x: Tensor, exclusive: boolean, fromEnd: boolean): Tensor {
  const [outer, size, inner] = x.shape as [number, number, number]
  if (size <= block || x.dtype !== 'float32' || !['cpu', 'tensorflow'].includes(tf.getBackend())) {
    return cumsumOp(x, 1, exclusive, fromEnd)
  }
  const blocks = Math.ceil(size / block)
  const filled = padConstant(x, [[0, 0], fromEnd ? [blocks * block - size, 0] : [0, blocks * block - size], [0, 0]])
  const parts = reshape(filled, [outer * blocks, block, inner])
  const totals = blockwise(reshape(sum(parts, 1), [outer, blocks, inner]), true, fromEnd)
  const sums = add(cumsumOp(parts, 1, exclusive, fromEnd), reshape(totals, [outer * blocks, 1, inner]))
  const all = reshape(sums, [outer, blocks * block, inner])
  return slice(all, [0, fromEnd ? blocks * block - size : 0, 0], [outer, size, inner])
}

/**
 * Running sums along `axis`: `yᵢ = x₀ + … + xᵢ`.
 *
 * @param x any shape of at least one axis
 * @throws ShapeError if the axis does not exist
 * @see torch.cumsum; the options are tfjs's
 */
export function cumsum<T extends Tensor>(x: T, axis: number, options: CumsumOptions = {}): T {
  expectOptions('cumsum', options, { exclusive: true, reverse: true })
  const { exclusive = false, reverse: fromEnd = false } = options
  const place = axisOf('cumsum', x, axis)
  expectDtype('cumsum', 'x', x, 'float32', 'int32')
  if (x.size === 0) return clone(x)
  return tf.tidy(() => {
    const rows = reshape(x, [tf.util.sizeFromShape(x.shape.slice(0, place)), itemAt(x.shape, place), -1])
    return reshape(blockwise(rows, exclusive, fromEnd), x.shape) as T
  })
}
