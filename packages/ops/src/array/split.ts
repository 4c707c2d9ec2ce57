import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp } from '../autodiff/define-op.ts'
import { expectList } from '../checks/expect.ts'
import { itemAt } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { axisOf } from './axes.ts'
import { clone } from './cast.ts'
import { concat, reshape } from './shape.ts'

interface SplitAttributes {
  readonly sizes: readonly number[]
  readonly axis: number
}

const splitOp = defineOp('split', {
  inputs: ['x'],
  saves: [],
  forward: ({ x }: { x: Tensor }, { sizes, axis }: SplitAttributes): Tensor[] =>
    sizes.map((size, index) => {
      const from = sizes.slice(0, index).reduce((total, each) => total + each, 0)
      return tf.slice(
        x,
        x.shape.map((_, at) => (at === axis ? from : 0)),
        x.shape.map((full, at) => (at === axis ? size : full)),
      )
    }),
  gradient: { x: (dys, _, { axis }) => concat(dys, axis) },
})

const splitInto = <T extends Tensor>(x: T, sizes: readonly number[], axis: number): T[] =>
  // A copy of the list: the tape holds on to the operator's own.
  sizes.length === 1 ? [clone(x)] : ([...splitOp({ x }, { sizes, axis })] as T[])

/** `size` times, and what is left. */
const evenSizes = (total: number, size: number): number[] =>
  total === 0 ? [0] : Array.from({ length: Math.ceil(total / size) }, (_, i) => Math.min(size, total - i * size))

/**
 * Parts of `x` along `axis`: of the given sizes, or of one size, where the last part is what is left.
 * A number is a size, as in PyTorch; in tfjs it is the number of parts.
 *
 * @throws ShapeError if the axis does not exist, or the sizes do not add up to its size
 * @see torch.split
 */
export function split<T extends Tensor>(x: T, size: number | readonly number[], axis = 0): T[] {
  const place = axisOf('split', x, axis)
  const total = itemAt(x.shape, place)
  if (typeof size === 'number') {
    if (!Number.isInteger(size) || size < 1) {
      throw new ShapeError(`split: expected a size of at least 1 for x [${x.shape}], got ${size}.`)
    }
    return splitInto(x, evenSizes(total, size), place)
  }
  expectList('split', 'size', size)
  const sum = size.reduce((all, each) => all + each, 0)
  if (size.length === 0 || sum !== total || size.some((each) => !Number.isInteger(each) || each < 0)) {
    throw new ShapeError(
      `split: expected sizes that add up to ${total}, axis ${place} of x [${x.shape}], got [${size}].`,
    )
  }
  return splitInto(x, size, place)
}

/**
 * At most `chunks` parts of one size along `axis`, the last one smaller where it does not divide.
 *
 * @throws ShapeError if the axis does not exist, or `chunks` is not at least 1
 * @see torch.chunk
 */
export function chunk<T extends Tensor>(x: T, chunks: number, axis = 0): T[] {
  const place = axisOf('chunk', x, axis)
  if (!Number.isInteger(chunks) || chunks < 1) {
    throw new ShapeError(`chunk: expected at least 1 chunk of x [${x.shape}], got ${chunks}.`)
  }
  const total = itemAt(x.shape, place)
  if (total === 0) return Array.from({ length: chunks }, () => clone(x))
  return splitInto(x, evenSizes(total, Math.ceil(total / chunks)), place)
}

/**
 * The slices of `x` along `axis`, without that axis.
 *
 * @throws ShapeError if the axis does not exist
 * @see torch.unbind
 */
export function unstack(x: Tensor, axis = 0): Tensor[] {
  const place = axisOf('unstack', x, axis)
  if (x.shape[place] === 0) return []
  return tf.tidy(() => split(x, 1, place).map((part) => reshape(part, x.shape.toSpliced(place, 1))))
}
