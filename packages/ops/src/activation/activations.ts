import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { mul, sub } from '../array/arithmetic.ts'
import { expectDtype, type Mapping, mapping, promoting } from '../array/dtype.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { reluGradient } from './relu-gradient-op.ts'

/**
 * `max(x, 0)`; the derivative at 0 is 0.
 * @throws ShapeError if `x` is bool
 * @see torch.nn.functional.relu
 */
export const relu: Mapping = mapping(
  'Relu',
  (x) => {
    expectDtype('relu', 'x', x, 'float32', 'int32')
    return tf.relu(x)
  },
  {
    gradient: { x: (dy, { x }) => reluGradient(dy, x) },
  },
)

/**
 * Logistic function `1 / (1 + e⁻ˣ)`, float32.
 * @see torch.sigmoid
 */
export const sigmoid: Mapping = mapping('Sigmoid', promoting('sigmoid', tf.sigmoid), {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => mul(dy, mul(output, sub(1, output))) },
})

/**
 * Hyperbolic tangent, float32.
 * @see torch.tanh
 */
export const tanh: Mapping = mapping('Tanh', promoting('tanh', tf.tanh), {
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
export const activate = <T extends Tensor>(x: T, activation?: Activation): T => (activation === 'relu' ? relu(x) : x)
