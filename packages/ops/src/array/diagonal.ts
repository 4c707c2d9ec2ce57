import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { expectOperand } from '../checks/expect.ts'
import { expectBackend } from '../checks/expect-backend.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { cast } from './cast.ts'
import { broadcastTo } from './rearrange.ts'
import { gather, oneHot } from './select.ts'
import { reshape } from './shape.ts'
import { sum } from './sum.ts'
import { where } from './where.ts'

/**
 * Ones on the diagonal of a `[rows, columns]` matrix of zeros, float32.
 *
 * @throws ShapeError if a size is not an integer of at least 1
 * @see torch.eye
 */
export function eye(rows: number, columns: number = rows): Tensor2D {
  expectBackend('eye')
  if (![rows, columns].every((size) => Number.isInteger(size) && size >= 1)) {
    throw new ShapeError(`eye: expected sizes of at least 1, got [${rows}, ${columns}].`)
  }
  return tf.tidy(() => oneHot(tf.range(0, rows, 1, 'int32'), columns) as Tensor2D)
}

/**
 * The diagonal of a matrix, or the matrix with a vector as its diagonal and zeros elsewhere.
 *
 * @param x `[rows, columns]`, or `[size]`, float32
 * @returns `[min(rows, columns)]`, or `[size, size]`
 * @throws ShapeError if `x` has another rank, or no values
 * @see torch.diag
 */
export function diag(x: Tensor): Tensor {
  expectOperand('diag', 'x', x)
  if ((x.rank !== 1 && x.rank !== 2) || x.size === 0) {
    throw new ShapeError(`diag: expected a vector or a matrix with values, got [${x.shape}].`)
  }
  const [rows, columns] = x.shape
  if (columns === undefined) {
    return tf.tidy(() => where(cast(eye(rows), 'bool'), broadcastTo(x, [rows, rows]), 0))
  }
  const places = Int32Array.from({ length: Math.min(rows, columns) }, (_, index) => index * (columns + 1))
  return tf.tidy(() => gather(reshape(x, [-1]), tf.tensor1d(places, 'int32')))
}

/**
 * Sum of the diagonal of a matrix.
 *
 * @param x `[rows, columns]`, float32
 * @throws ShapeError if `x` is not a matrix with values
 * @see torch.trace
 */
export function trace(x: Tensor): Tensor {
  expectOperand('trace', 'x', x)
  if (x.rank !== 2) throw new ShapeError(`trace: expected a matrix, got [${x.shape}].`)
  if (x.size === 0) throw new ShapeError(`trace: expected a matrix with values, got [${x.shape}].`)
  return tf.tidy(() => sum(diag(x)))
}
