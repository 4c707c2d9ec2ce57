import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import type { GradientDefinition } from '../autodiff/gradient.ts'
import { zerosLike } from './create.ts'
import { type Elementwise, elementwise, keepingIntegers, pairwise } from './dtype.ts'

type Pair = { a: Tensor; b: Tensor }
/** A comparison is a constant to differentiation, as in PyTorch: its derivative is zero almost everywhere. */
const definition: GradientDefinition<Pair, unknown, Tensor, never, undefined> = {
  gradient: { a: (_, { a }) => zerosLike(a), b: (_, { b }) => zerosLike(b) },
}

/** `a > b` as bool, with broadcasting. */
export const greater: Elementwise = elementwise('Greater', pairwise('greater', keepingIntegers(tf.greater)), definition)
/** `a ≥ b` as bool, with broadcasting. */
export const greaterEqual: Elementwise = elementwise(
  'GreaterEqual',
  pairwise('greaterEqual', keepingIntegers(tf.greaterEqual)),
  definition,
)
/** `a < b` as bool, with broadcasting. */
export const less: Elementwise = elementwise('Less', pairwise('less', keepingIntegers(tf.less)), definition)
/** `a ≤ b` as bool, with broadcasting. */
export const lessEqual: Elementwise = elementwise(
  'LessEqual',
  pairwise('lessEqual', keepingIntegers(tf.lessEqual)),
  definition,
)
/** `a = b` as bool, with broadcasting. */
export const equal: Elementwise = elementwise('Equal', pairwise('equal', keepingIntegers(tf.equal)), definition)

/** `a ≠ b` as bool, with broadcasting; true wherever one is NaN. */
export const notEqual: Elementwise = elementwise(
  'NotEqual',
  pairwise('notEqual', keepingIntegers(tf.notEqual)),
  definition,
)
