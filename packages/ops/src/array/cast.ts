import type { DataType, Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../autodiff/stock-op.ts'
import { described, expectNumbers, expectOperand } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { asConstant } from './detach.ts'

type One = { x: Tensor }

interface Clone {
  <T extends Tensor>(x: T): T
  (x: Tensor | tf.TensorLike): Tensor
}

const castOp = stockOp<typeof tf.cast, One>('Cast', tf.cast, ['x'], {
  saves: [],
  gradient: { x: (dy) => dy },
})

/**
 * Casts to `dtype`; to bool everything but 0 is true, to int32 the fraction is cut off.
 * What was cast to another dtype than float32 is a constant to differentiation.
 *
 * @see torch.Tensor.to
 */
export function cast<T extends Tensor>(x: T, dtype: DataType): T {
  expectOperand('cast', 'x', x)
  if (!['float32', 'int32', 'bool', 'string', 'complex64'].includes(dtype))
    throw new ShapeError(`cast: expected dtype float32, int32 or bool, got ${described(dtype)}.`)
  if (dtype === x.dtype || dtype === 'float32') return castOp(x, dtype)
  return tf.tidy(() => {
    const constant = asConstant(x)
    // tfjs-wasm casts to bool by cutting off the fraction.
    if (dtype === 'bool') return tf.notEqual(constant, tf.scalar(0, x.dtype))
    return castOp(constant, dtype)
  })
}

const identity = (x: Tensor | tf.TensorLike): Tensor => {
  if (typeof x !== 'string') expectNumbers('clone', 'x', x)
  return tf.clone(x)
}

/** A new handle on the same values. */
export const clone: Clone = stockOp<typeof identity, One>('Identity', identity, ['x'], {
  saves: [],
  gradient: { x: (dy) => dy },
})
