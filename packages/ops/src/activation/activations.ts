import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { exp, log, mul, sub } from '../array/arithmetic.ts'
import { greater } from '../array/compare.ts'
import { max, sum } from '../array/reduce.ts'
import { cast } from '../array/shape.ts'
import { defineOp } from '../engine/define-op.ts'
import { stockOp } from '../engine/stock-op.ts'

type One = { x: Tensor }

/** `max(x, 0)`; the derivative at 0 is 0. */
export const relu: typeof tf.relu = stockOp<typeof tf.relu, One>('Relu', tf.relu, ['x'], {
  gradient: { x: (dy, { x }) => mul(dy, cast(greater(x, 0), 'float32')) },
})

/** Logistic function `1 / (1 + e⁻ˣ)`. */
export const sigmoid: typeof tf.sigmoid = stockOp<typeof tf.sigmoid, One>('Sigmoid', tf.sigmoid, ['x'], {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => mul(dy, mul(output, sub(1, output))) },
})

/** Hyperbolic tangent. */
export const tanh: typeof tf.tanh = stockOp<typeof tf.tanh, One>('Tanh', tf.tanh, ['x'], {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => mul(dy, sub(1, mul(output, output))) },
})

/** `eˣ / Σ eˣ` over the last axis. */
export const softmax: (logits: Tensor) => Tensor = stockOp<(logits: Tensor) => Tensor, { logits: Tensor }>(
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
  forward: ({ logits }: { logits: Tensor }) => {
    const shifted = sub(logits, max(logits, -1, true))
    return sub(shifted, log(sum(exp(shifted), -1, true)))
  },
  saves: ['logits', 'output'],
  gradient: { logits: (dy, { output }) => sub(dy, mul(sum(dy, -1, true), exp(output))) },
})

/** `log softmax(x)` over the last axis, as `x - max - log Σ exp(x - max)`, which cannot overflow. */
export const logSoftmax = (logits: Tensor): Tensor => logSoftmaxOp({ logits }, {})

/** An activation that an operator may apply to its result. */
export type Activation = 'relu'

/** Applies the named activation, or none. */
export const activate = (x: Tensor, activation?: Activation): Tensor => (activation === 'relu' ? relu(x) : x)
