import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import type { GradientDefinition } from '../engine/gradient.ts'
import { stockOp } from '../engine/stock-op.ts'
import { zerosLike } from './create.ts'
import { expectDtype, pairwise, promoting } from './dtype.ts'

type Pair = { a: Tensor; b: Tensor }
type One = { x: Tensor }

/** Truth values are constants to differentiation, as comparisons are. */
const ofPair: GradientDefinition<Pair, unknown, Tensor, never, undefined> = {
  gradient: { a: (_, { a }) => zerosLike(a), b: (_, { b }) => zerosLike(b) },
}
const ofOne: GradientDefinition<One, unknown, Tensor, never, undefined> = {
  gradient: { x: (_, { x }) => zerosLike(x) },
}

const logicalAndOf = pairwise('logicalAnd', tf.logicalAnd)
const logicalOrOf = pairwise('logicalOr', tf.logicalOr)

/**
 * `a` and `b`, of bool tensors, with broadcasting.
 * @throws ShapeError if one is not bool
 * @see torch.logical_and, which also takes numbers: `notEqual(x, 0)` makes bool of them
 */
export const logicalAnd: typeof tf.logicalAnd = stockOp<typeof tf.logicalAnd, Pair>(
  'LogicalAnd',
  (a, b) => {
    expectDtype('logicalAnd', 'a', a, 'bool')
    expectDtype('logicalAnd', 'b', b, 'bool')
    return logicalAndOf(a, b)
  },
  ['a', 'b'],
  ofPair,
)

/**
 * `a` or `b`, of bool tensors, with broadcasting.
 * @throws ShapeError if one is not bool
 * @see torch.logical_or, which also takes numbers: `notEqual(x, 0)` makes bool of them
 */
export const logicalOr: typeof tf.logicalOr = stockOp<typeof tf.logicalOr, Pair>(
  'LogicalOr',
  (a, b) => {
    expectDtype('logicalOr', 'a', a, 'bool')
    expectDtype('logicalOr', 'b', b, 'bool')
    return logicalOrOf(a, b)
  },
  ['a', 'b'],
  ofPair,
)

/**
 * Not `x`, of a bool tensor.
 * @throws ShapeError if `x` is not bool
 * @see torch.logical_not, which also takes numbers: `equal(x, 0)` does that
 */
export const logicalNot: typeof tf.logicalNot = stockOp<typeof tf.logicalNot, One>(
  'LogicalNot',
  (x) => {
    expectDtype('logicalNot', 'x', x, 'bool')
    return tf.logicalNot(x)
  },
  ['x'],
  ofOne,
)

const isNotNumber: typeof tf.isNaN = stockOp<typeof tf.isNaN, One>('IsNan', promoting('isNaN', tf.isNaN), ['x'], ofOne)
const isFiniteNumber: typeof tf.isFinite = stockOp<typeof tf.isFinite, One>(
  'IsFinite',
  promoting('isFinite', tf.isFinite),
  ['x'],
  ofOne,
)

export {
  /**
   * True where `x` is neither infinite nor NaN, by its bits on WebGPU.
   * @see torch.isfinite
   */
  isFiniteNumber as isFinite,
  /**
   * True where `x` is NaN, by its bits on WebGPU.
   * @see torch.isnan
   */
  isNotNumber as isNaN,
}
