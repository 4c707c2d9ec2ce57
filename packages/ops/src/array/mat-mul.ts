import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../engine/stock-op.ts'
import { sumToShape } from './broadcast.ts'

/**
 * Matrix product over the last two axes, with broadcasting over the others; either side may be transposed first.
 * `[…, m, k] · […, k, n] → […, m, n]`
 */
export const matMul: typeof tf.matMul = stockOp<
  typeof tf.matMul,
  { a: Tensor; b: Tensor },
  { transposeA: boolean; transposeB: boolean }
>('BatchMatMul', tf.matMul, ['a', 'b'], {
  gradient: {
    a: (dy, { a, b }, { transposeA, transposeB }) =>
      sumToShape(transposeA ? matMul(b, dy, transposeB, true) : matMul(dy, b, false, !transposeB), a.shape),
    b: (dy, { a, b }, { transposeA, transposeB }) =>
      sumToShape(transposeB ? matMul(dy, a, true, transposeA) : matMul(a, dy, !transposeA, false), b.shape),
  },
})
