import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../engine/stock-op.ts'

type Pair = { a: Tensor; b: Tensor }
const step = 'a comparison is a step: its derivative is zero almost everywhere'
const definition = { saves: [], gradient: {}, constants: { a: step, b: step } }

/** `a > b` as bool, with broadcasting. */
export const greater: typeof tf.greater = stockOp<typeof tf.greater, Pair, unknown, 'a' | 'b'>(
  'Greater',
  tf.greater,
  ['a', 'b'],
  definition,
)
/** `a ≥ b` as bool, with broadcasting. */
export const greaterEqual: typeof tf.greaterEqual = stockOp<typeof tf.greaterEqual, Pair, unknown, 'a' | 'b'>(
  'GreaterEqual',
  tf.greaterEqual,
  ['a', 'b'],
  definition,
)
/** `a < b` as bool, with broadcasting. */
export const less: typeof tf.less = stockOp<typeof tf.less, Pair, unknown, 'a' | 'b'>(
  'Less',
  tf.less,
  ['a', 'b'],
  definition,
)
/** `a ≤ b` as bool, with broadcasting. */
export const lessEqual: typeof tf.lessEqual = stockOp<typeof tf.lessEqual, Pair, unknown, 'a' | 'b'>(
  'LessEqual',
  tf.lessEqual,
  ['a', 'b'],
  definition,
)
/** `a = b` as bool, with broadcasting. */
export const equal: typeof tf.equal = stockOp<typeof tf.equal, Pair, unknown, 'a' | 'b'>(
  'Equal',
  tf.equal,
  ['a', 'b'],
  definition,
)

/** The position of the largest value along `axis`, int32. */
export const argMax: typeof tf.argMax = stockOp<typeof tf.argMax, { x: Tensor }, unknown, 'x'>(
  'ArgMax',
  tf.argMax,
  ['x'],
  {
    saves: [],
    gradient: {},
    constants: { x: 'a position is an integer' },
  },
)
