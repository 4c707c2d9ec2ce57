import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { exp, mul, sub } from '../array/arithmetic.ts'
import { clone } from '../array/cast.ts'
import { expectDtype } from '../array/dtype.ts'
import { transpose } from '../array/shape.ts'
import { sum } from '../array/sum.ts'
import { defineOp } from '../autodiff/define-op.ts'
import { stockOp } from '../autodiff/stock-op.ts'
import { expectOperand } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'

type Logits = { logits: Tensor }

const softmaxOfRows = stockOp<(logits: Tensor) => Tensor, Logits>(
  'Softmax',
  (logits) => tf.softmax(logits),
  ['logits'],
  {
    saves: ['logits', 'output'],
    gradient: {
      logits: (dy, { output }) => {
        const weighted = mul(dy, output)
        return sub(weighted, mul(sum(weighted, -1, true), output))
      },
    },
  },
)

const logSoftmaxOp = defineOp('logSoftmax', {
  inputs: ['logits'],
  forward: ({ logits }: Logits) => {
    const shifted = tf.sub(logits, tf.max(logits, -1, true))
    return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), -1, true)))
  },
  saves: ['logits', 'output'],
  gradient: { logits: (dy, { output }) => sub(dy, mul(sum(dy, -1, true), exp(output))) },
})

/**
 * `eˣ / Σ eˣ` over one axis.
 *
 * @param logits any shape but a scalar's, float32
 * @param axis the last one by default
 * @throws ShapeError if `logits` is not float32 or has no such axis
 * @see torch.nn.functional.softmax
 */
export const softmax = (logits: Tensor, axis = -1): Tensor => alongAxis('softmax', softmaxOfRows, logits, axis)

/**
 * `log softmax(x)` over one axis, as `x − max − log Σ exp(x − max)`, which cannot overflow.
 *
 * @param logits any shape but a scalar's, float32
 * @param axis the last one by default
 * @throws ShapeError if `logits` is not float32 or has no such axis
 * @see torch.nn.functional.log_softmax
 */
export const logSoftmax = (logits: Tensor, axis = -1): Tensor =>
  alongAxis('logSoftmax', (rows) => logSoftmaxOp({ logits: rows }, {}), logits, axis)

function alongAxis(operator: string, ofRows: (rows: Tensor) => Tensor, logits: Tensor, axis: number): Tensor {
  expectOperand(operator, 'logits', logits)
  expectDtype(operator, 'logits', logits, 'float32')
  const { rank, shape } = logits
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(
      `${operator}: expected an axis of logits [${shape}], got ${axis}. Count from 0, or from -1 at the end.`,
    )
  }
  if (logits.size === 0) return clone(logits) // stock kernels divide by an empty axis
  const positive = axis < 0 ? axis + rank : axis
  if (positive === rank - 1) return ofRows(logits)
  // Swapping two axes is its own inverse.
  const swapped = shape.map((_, index) => (index === positive ? rank - 1 : index === rank - 1 ? positive : index))
  return tf.tidy(() => transpose(ofRows(transpose(logits, swapped)), swapped))
}
