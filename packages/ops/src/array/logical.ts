import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import type { GradientDefinition } from '../autodiff/gradient.ts'
import { zerosLike } from './create.ts'
import { type Elementwise, elementwise, expectDtype, type Mapping, mapping, pairwise, promoting } from './dtype.ts'

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
export const logicalAnd: Elementwise = elementwise(
  'LogicalAnd',
  (a, b) => {
    expectDtype('logicalAnd', 'a', a, 'bool')
    expectDtype('logicalAnd', 'b', b, 'bool')
    return logicalAndOf(a, b)
  },
  ofPair,
)

/**
 * `a` or `b`, of bool tensors, with broadcasting.
 * @throws ShapeError if one is not bool
 * @see torch.logical_or, which also takes numbers: `notEqual(x, 0)` makes bool of them
 */
export const logicalOr: Elementwise = elementwise(
  'LogicalOr',
  (a, b) => {
    expectDtype('logicalOr', 'a', a, 'bool')
    expectDtype('logicalOr', 'b', b, 'bool')
    return logicalOrOf(a, b)
  },
  ofPair,
)

/**
 * Not `x`, of a bool tensor.
 * @throws ShapeError if `x` is not bool
 * @see torch.logical_not, which also takes numbers: `equal(x, 0)` does that
 */
export const logicalNot: Mapping = mapping(
  'LogicalNot',
  (x) => {
    expectDtype('logicalNot', 'x', x, 'bool')
    return tf.logicalNot(x)
  },
  ofOne,
)

const isNotNumber: Mapping = mapping('IsNan', promoting('isNaN', tf.isNaN), ofOne)
const isFiniteNumber: Mapping = mapping('IsFinite', promoting('isFinite', tf.isFinite), ofOne)

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
