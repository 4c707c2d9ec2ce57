import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { exp, mul, neg } from '../array/arithmetic.ts'
import { lessEqual } from '../array/compare.ts'
import { expectDtype } from '../array/dtype.ts'
import { where } from '../array/where.ts'
import { defineOp } from '../autodiff/define-op.ts'
import { expectOperand, expectOptions } from '../checks/expect.ts'
import { relu } from './activations.ts'

interface Shape {
  /** The slope above 0. */
  readonly scale: number
  /** What the function falls to, negated. */
  readonly floor: number
  /** How fast. */
  readonly rate: number
}

const eluOp = defineOp('elu', {
  inputs: ['x'],
  forward: ({ x }: { x: Tensor }, { scale, floor, rate }: Shape) => {
    const below = tf.mul(floor, tf.expm1(tf.mul(rate, tf.minimum(x, 0))))
    return tf.add(tf.mul(scale, tf.relu(x)), below)
  },
  gradient: {
    x: (dy, { x }, { scale, floor, rate }) => {
      // relu(−x), not −min(x, 0): at 0 its own derivative is 0, as in PyTorch.
      const falling = mul(floor * rate, exp(mul(-rate, relu(neg(x)))))
      return where(lessEqual(x, 0), mul(dy, falling), mul(dy, scale)) // at NaN as above 0
    },
  },
})

/**
 * `x` above 0, `alpha · (eˣ − 1)` elsewhere.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.elu
 */
export function elu(x: Tensor, options: { readonly alpha?: number } = {}): Tensor {
  expectOptions('elu', options, { alpha: true })
  const { alpha = 1 } = options
  expectOperand('elu', 'x', x)
  expectDtype('elu', 'x', x, 'float32')
  return eluOp({ x }, { scale: 1, floor: alpha, rate: 1 })
}

/**
 * `x` above 0, `alpha · (e^(x / alpha) − 1)` elsewhere: ELU with a continuous derivative.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.celu
 */
export function celu(x: Tensor, options: { readonly alpha?: number } = {}): Tensor {
  expectOptions('celu', options, { alpha: true })
  const { alpha = 1 } = options
  expectOperand('celu', 'x', x)
  expectDtype('celu', 'x', x, 'float32')
  return eluOp({ x }, { scale: 1, floor: alpha, rate: 1 / alpha })
}

// Klambauer et al. 2017, "Self-normalizing neural networks", appendix A.4.
const seluAlpha = 1.6732632423543772
const seluScale = 1.0507009873554805

/**
 * `scale · elu(x, { alpha })` with the two constants that keep mean 0 and variance 1 through deep layers.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.selu
 */
export function selu(x: Tensor): Tensor {
  expectDtype('selu', 'x', x, 'float32')
  return eluOp({ x }, { scale: seluScale, floor: seluScale * seluAlpha, rate: 1 })
}
