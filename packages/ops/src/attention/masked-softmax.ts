import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { mul, sub } from '../array/arithmetic.ts'
import { asConstant } from '../array/detach.ts'
import { sum } from '../array/sum.ts'
import { where } from '../array/where.ts'
import { defineOp } from '../autodiff/define-op.ts'

/** The lowest float32: finite, since WGSL lets an implementation assume that there are no infinities. */
export const LOWEST = -3.4028234663852886e38

const maskedSoftmaxOp = defineOp('maskedSoftmax', {
  inputs: ['scores', 'kept'],
  forward: ({ scores, kept }: { scores: Tensor; kept: Tensor }): Tensor => {
    // PyTorch adds −∞: a NaN stays one, in every position.
    const low = where(kept, scores, tf.add(tf.mul(scores, 0), LOWEST))
    // Subtract the maximum first: exp overflows float32 above 88.
    const exps = tf.mul(tf.exp(tf.sub(low, tf.max(low, -1, true))), tf.cast(kept, 'float32'))
    const total = tf.sum(exps, -1, true)
    // The largest one is 1, unless all are masked.
    return tf.div(exps, tf.add(total, tf.cast(tf.equal(total, 0), 'float32')))
  },
  saves: ['scores', 'kept', 'output'],
  gradient: {
    scores: (dy, { output }) => {
      const weighted = mul(dy, output)
      return sub(weighted, mul(sum(weighted, -1, true), output))
    },
  },
  constants: { kept: 'a mask is a choice' },
})

/**
 * Softmax over the last axis of the values that are kept; the others become 0, and so does a row of which none is kept.
 * `kept`, bool, broadcasts to the shape of `scores`.
 */
export const maskedSoftmax = (scores: Tensor, kept: Tensor): Tensor =>
  maskedSoftmaxOp({ scores, kept: asConstant(kept) }, {})
