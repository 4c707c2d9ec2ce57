import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp, type Op } from '../autodiff/define-op.ts'

type Over = { divisor: Scalar }

const given = 'it is made of labels'

/** `Σ x / divisor` as one operator, linear in x, which a backend may compute in one kernel. */
export const dividedSumOp: Op<Over & { x: Tensor }, object, Tensor> = defineOp<
  Over & { x: Tensor },
  object,
  Tensor,
  'divisor'
>('dividedSum', {
  inputs: ['x', 'divisor'],
  forward: ({ x, divisor }) => tf.div(tf.sum(x), divisor),
  gradient: { x: (dy, { x, divisor }) => dividedSumGradientOp({ dy, divisor }, { size: x.size }) },
  constants: { divisor: given },
})

/** Its adjoint: `dy / divisor`, `size` times. */
const dividedSumGradientOp: Op<Over & { dy: Tensor }, { size: number }, Tensor> = defineOp<
  Over & { dy: Tensor },
  { size: number },
  Tensor,
  'divisor'
>('dividedSumGradient', {
  inputs: ['dy', 'divisor'],
  forward: ({ dy, divisor }, { size }) => tf.tile(tf.reshape(tf.div(dy, divisor), [1]), [size]),
  gradient: { dy: (g, { divisor }) => dividedSumOp({ x: g, divisor }, {}) },
  constants: { divisor: given },
})
