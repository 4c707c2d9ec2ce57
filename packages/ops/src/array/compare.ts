import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import type { GradientDefinition } from '../engine/gradient.ts'
import { stockOp } from '../engine/stock-op.ts'
import { zerosLike } from './create.ts'
import { keepingIntegers, pairwise } from './dtype.ts'

type Pair = { a: Tensor; b: Tensor }
/** A comparison is a constant to differentiation, as in PyTorch: its derivative is zero almost everywhere. */
const definition: GradientDefinition<Pair, unknown, Tensor, never, undefined> = {
  gradient: { a: (_, { a }) => zerosLike(a), b: (_, { b }) => zerosLike(b) },
}

/** `a > b` as bool, with broadcasting. */
export const greater: typeof tf.greater = stockOp<typeof tf.greater, Pair>(
  'Greater',
  pairwise('greater', keepingIntegers(tf.greater)),
  ['a', 'b'],
  definition,
)
/** `a ≥ b` as bool, with broadcasting. */
export const greaterEqual: typeof tf.greaterEqual = stockOp<typeof tf.greaterEqual, Pair>(
  'GreaterEqual',
  pairwise('greaterEqual', keepingIntegers(tf.greaterEqual)),
  ['a', 'b'],
  definition,
)
/** `a < b` as bool, with broadcasting. */
export const less: typeof tf.less = stockOp<typeof tf.less, Pair>(
  'Less',
  pairwise('less', keepingIntegers(tf.less)),
  ['a', 'b'],
  definition,
)
/** `a ≤ b` as bool, with broadcasting. */
export const lessEqual: typeof tf.lessEqual = stockOp<typeof tf.lessEqual, Pair>(
  'LessEqual',
  pairwise('lessEqual', keepingIntegers(tf.lessEqual)),
  ['a', 'b'],
  definition,
)
/** `a = b` as bool, with broadcasting. */
export const equal: typeof tf.equal = stockOp<typeof tf.equal, Pair>(
  'Equal',
  pairwise('equal', keepingIntegers(tf.equal)),
  ['a', 'b'],
  definition,
)

/** `a ≠ b` as bool, with broadcasting; true wherever one is NaN. */
export const notEqual: typeof tf.notEqual = stockOp<typeof tf.notEqual, Pair>(
  'NotEqual',
  pairwise('notEqual', keepingIntegers(tf.notEqual)),
  ['a', 'b'],
  definition,
)
