import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp } from '../autodiff/define-op.ts'
import { add, div, exp, mul, neg, square } from './arithmetic.ts'
import { tensor } from './create.ts'
import { type Mapping, mapping, promoting } from './dtype.ts'

type One = { x: Tensor }

const log1pOp = defineOp('log1p', {
  inputs: ['x'],
  // Kahan: what 1 + x loses in rounding is lost from numerator and denominator alike. Not every backend's own is exact.
  forward: ({ x }: One) => {
    const u = tf.add(x, 1)
    const lost = tf.logicalOr(tf.equal(u, 1), tf.equal(u, Number.POSITIVE_INFINITY))
    return tf.where(lost, x, tf.mul(tf.log(u), tf.div(x, tf.sub(u, 1))))
  },
  gradient: { x: (dy, { x }) => div(dy, add(x, 1)) },
})

/**
 * `log(1 + x)`, exact also for tiny `x`; float32.
 * @see torch.log1p
 */
export const log1p: Mapping = promoting('log1p', (x) => log1pOp({ x: x instanceof tf.Tensor ? x : tensor(x) }, {}))

/**
 * `eˣ − 1`, exact also for tiny `x`; float32.
 * @see torch.expm1
 */
export const expm1: Mapping = mapping('Expm1', promoting('expm1', tf.expm1), {
  gradient: { x: (dy, { x }) => mul(dy, exp(x)) },
})

/**
 * Sine of `x` in radians, float32.
 * @see torch.sin
 */
export const sin: Mapping = mapping('Sin', promoting('sin', tf.sin), {
  gradient: { x: (dy, { x }) => mul(dy, cos(x)) },
})

/**
 * Cosine of `x` in radians, float32.
 * @see torch.cos
 */
export const cos: Mapping = mapping('Cos', promoting('cos', tf.cos), {
  gradient: { x: (dy, { x }) => neg(mul(dy, sin(x))) },
})

/**
 * Error function `2/√π ∫₀ˣ e^(−t²) dt`, float32, to some 2e-7.
 * @see torch.erf
 */
export const erf: Mapping = mapping('Erf', promoting('erf', tf.erf), {
  gradient: { x: (dy, { x }) => mul(dy, mul(2 / Math.sqrt(Math.PI), exp(neg(square(x))))) },
})
