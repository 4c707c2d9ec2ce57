import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../engine/stock-op.ts'
import { axisOf } from './axes.ts'
import { clone } from './shape.ts'

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
  gradient: { x: (dy, _, { axis, exclusive, reverse }) => cumsumOp(dy, axis, exclusive, !reverse) },
})

/**
 * Running sums along `axis`: `yᵢ = x₀ + … + xᵢ`.
 *
 * @param x any shape of at least one axis
 * @throws ShapeError if the axis does not exist
 * @see torch.cumsum; the options are tfjs's
 */
export function cumsum<T extends Tensor>(
  x: T,
  axis: number,
  { exclusive = false, reverse = false }: CumsumOptions = {},
): T {
  const place = axisOf('cumsum', x, axis)
  return x.size === 0 ? clone(x) : (cumsumOp(x, place, exclusive, reverse) as T)
}
