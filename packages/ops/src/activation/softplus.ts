import type { Tensor } from '@tensorflow/tfjs-core'
import { abs, add, div, exp, mul, neg } from '../array/arithmetic.ts'
import { greater } from '../array/compare.ts'
import { expectDtype } from '../array/dtype.ts'
import { log1p } from '../array/transcendental.ts'
import { where } from '../array/where.ts'
import { defineOp } from '../autodiff/define-op.ts'
import { expectOperand, expectOptions } from '../checks/expect.ts'
import { relu, sigmoid } from './activations.ts'

export interface SoftplusOptions {
  /** How sharp the bend is: 1 by default. */
  readonly beta?: number
  /** Where `beta · x` is above it, the result is `x`: 20 by default. */
  readonly threshold?: number
}

const softplusOp = defineOp('softplus', {
  inputs: ['x'],
  forward: ({ x }: { x: Tensor }, { beta, threshold }: Required<SoftplusOptions>) => {
    const scaled = mul(x, beta)
    const smooth = add(relu(scaled), log1p(exp(neg(abs(scaled))))) // cannot overflow
    return where(greater(scaled, threshold), x, div(smooth, beta))
  },
  gradient: {
    x: (dy, { x }, { beta, threshold }) => {
      const scaled = mul(x, beta)
      return where(greater(scaled, threshold), dy, mul(dy, sigmoid(scaled)))
    },
  },
})

/**
 * Smooth rectifier `log(1 + e^(beta · x)) / beta`, elementwise.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.softplus
 * @example softplus(tensor([0])) // [0.6931]
 */
export function softplus(x: Tensor, options: SoftplusOptions = {}): Tensor {
  expectOptions('softplus', options, { beta: true, threshold: true })
  const { beta = 1, threshold = 20 } = options
  expectOperand('softplus', 'x', x)
  expectDtype('softplus', 'x', x, 'float32')
  return softplusOp({ x }, { beta, threshold })
}
