import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { mul, sub } from '../array/arithmetic.ts'
import { expectDtype, promoting } from '../array/dtype.ts'
import { ShapeError } from '../engine/shape-error.ts'
import { stockOp } from '../engine/stock-op.ts'
import { reluGradient } from './relu-gradient-op.ts'

type One = { x: Tensor }

/**
 * `max(x, 0)`; the derivative at 0 is 0.
 * @throws ShapeError if `x` is bool
 * @see torch.nn.functional.relu
 */
export const relu: typeof tf.relu = stockOp<typeof tf.relu, One>(
  'Relu',
  (x) => {
    expectDtype('relu', 'x', x, 'float32', 'int32')
    return tf.relu(x)
  },
  ['x'],
  {
    gradient: { x: (dy, { x }) => reluGradient(dy, x) },
  },
)

/**
 * Logistic function `1 / (1 + e⁻ˣ)`, float32.
 * @see torch.sigmoid
 */
export const sigmoid: typeof tf.sigmoid = stockOp<typeof tf.sigmoid, One>(
  'Sigmoid',
  promoting('sigmoid', tf.sigmoid),
  ['x'],
  {
    saves: ['x', 'output'],
    gradient: { x: (dy, { output }) => mul(dy, mul(output, sub(1, output))) },
  },
)

/**
 * Hyperbolic tangent, float32.
 * @see torch.tanh
 */
export const tanh: typeof tf.tanh = stockOp<typeof tf.tanh, One>('Tanh', promoting('tanh', tf.tanh), ['x'], {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => mul(dy, sub(1, mul(output, output))) },
})

/** An activation that an operator may apply to its result. */
export type Activation = 'relu'

/** @throws ShapeError for any other activation: callers in JavaScript have no types */
export function expectActivation(operator: string, activation: Activation | undefined): void {
  if (activation === undefined || activation === 'relu') return
  throw new ShapeError(
    `${operator}: expected activation 'relu' or none, got '${activation}'. Apply any other to the result.`,
  )
}

/** Applies the named activation, or none. */
export const activate = (x: Tensor, activation?: Activation): Tensor => (activation === 'relu' ? relu(x) : x)
