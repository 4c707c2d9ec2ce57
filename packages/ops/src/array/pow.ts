import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { ShapeError } from '../checks/shape-error.ts'
import { add, log, mul, neg, square, sub } from './arithmetic.ts'
import { cast } from './cast.ts'
import { equal, greaterEqual, notEqual } from './compare.ts'
import { type Elementwise, elementwise, type Mapping, mapping, type Operand, pairwise, promoting } from './dtype.ts'
import { logicalAnd, logicalNot } from './logical.ts'
import { sumToShape } from './sum.ts'

const indicator = (condition: Tensor): Tensor => cast(condition, 'float32')

const floatPow: Elementwise = elementwise('Pow', pairwise('pow', promoting('pow', tf.pow)), {
  saves: ['a', 'b', 'output'],
  gradient: {
    // b·aᵇ⁻¹, and 0 for b = 0, where aᵇ⁻¹ may be infinite.
    a: (dy, { a, b }) => {
      const power = pow(a, add(sub(b, 1), indicator(equal(b, 0))))
      return sumToShape(mul(dy, mul(mul(b, indicator(notEqual(b, 0))), power)), a.shape)
    },
    // aᵇ·log a, and 0 for a = 0 ≤ b, where the logarithm is infinite.
    b: (dy, { a, b, output }) => {
      const zero = logicalAnd(equal(a, 0), greaterEqual(b, 0))
      const logarithm = mul(log(add(a, indicator(zero))), indicator(logicalNot(zero)))
      return sumToShape(mul(dy, mul(output, logarithm)), b.shape)
    },
  },
})

/**
 * `baseᵉˣᵖ`, with broadcasting; float32. A negative base has a power for whole exponents alone, else NaN; its derivative
 * with respect to the exponent is NaN.
 *
 * @throws ShapeError if both are integer tensors: few backends compute those exactly
 * @see torch.pow
 * @example pow(tensor([2, 3]), 2) // [4, 9]
 */
export const pow = (base: Operand, exp: Operand): Tensor => {
  if (base instanceof tf.Tensor && exp instanceof tf.Tensor && base.dtype !== 'float32' && exp.dtype !== 'float32') {
    throw new ShapeError(`pow: expected base or exp to be float32, got ${base.dtype} and ${exp.dtype}. Cast one first.`)
  }
  return floatPow(base, exp)
}

/**
 * `1 / x`, float32
 * @see torch.reciprocal
 */
export const reciprocal: Mapping = mapping('Reciprocal', promoting('reciprocal', tf.reciprocal), {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => neg(mul(dy, square(output))) },
})
