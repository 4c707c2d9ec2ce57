import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { abs, add, div, exp, mul, neg, square, sub } from '../array/arithmetic.ts'
import { expectDtype } from '../array/dtype.ts'
import { erf } from '../array/transcendental.ts'
import { defineOp } from '../autodiff/define-op.ts'
import { expectOperand, expectOptions } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { sigmoid, tanh } from './activations.ts'
import { softplus } from './softplus.ts'

type One = { x: Tensor }

const siluOp = defineOp('silu', {
  inputs: ['x'],
  forward: ({ x }: One) => tf.mul(x, tf.sigmoid(x)),
  gradient: {
    x: (dy, { x }) => {
      const s = sigmoid(x)
      return mul(dy, mul(s, add(mul(x, sub(1, s)), 1)))
    },
  },
})

/**
 * `x · sigmoid(x)`, also called swish.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.silu
 */
export function silu(x: Tensor): Tensor {
  expectDtype('silu', 'x', x, 'float32')
  return siluOp({ x }, {})
}

const mishOp = defineOp('mish', {
  inputs: ['x'],
  forward: ({ x }: One) => tf.mul(x, tf.tanh(softplus(x))),
  gradient: {
    x: (dy, { x }) => {
      const t = tanh(softplus(x))
      return mul(dy, add(t, mul(mul(x, sigmoid(x)), sub(1, square(t)))))
    },
  },
})

/**
 * `x · tanh(log(1 + eˣ))`
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.mish
 */
export function mish(x: Tensor): Tensor {
  expectOperand('mish', 'x', x)
  expectDtype('mish', 'x', x, 'float32')
  return mishOp({ x }, {})
}

const logSigmoidOp = defineOp('logSigmoid', {
  inputs: ['x'],
  forward: ({ x }: One) => tf.neg(softplus(tf.neg(x))),
  gradient: { x: (dy, { x }) => mul(dy, sigmoid(neg(x))) },
})

/**
 * `log sigmoid(x)`, which cannot overflow.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.logsigmoid
 */
export function logSigmoid(x: Tensor): Tensor {
  expectDtype('logSigmoid', 'x', x, 'float32')
  return logSigmoidOp({ x }, {})
}

const softsignOp = defineOp('softsign', {
  inputs: ['x'],
  forward: ({ x }: One) => tf.div(x, tf.add(tf.abs(x), 1)),
  gradient: { x: (dy, { x }) => div(dy, square(add(abs(x), 1))) },
})

/**
 * `x / (1 + |x|)`
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.softsign
 */
export function softsign(x: Tensor): Tensor {
  expectDtype('softsign', 'x', x, 'float32')
  return softsignOp({ x }, {})
}

const geluOp = defineOp('gelu', {
  inputs: ['x'],
  forward: ({ x }: One) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  gradient: {
    // Φ(x) + x · φ(x), the normal distribution and its density
    x: (dy, { x }) => {
      const distribution = mul(0.5, add(erf(mul(x, Math.SQRT1_2)), 1))
      const density = mul(1 / Math.sqrt(2 * Math.PI), exp(mul(-0.5, square(x))))
      return mul(dy, add(distribution, mul(x, density)))
    },
  },
})

const [geluSlope, geluCubic] = [Math.sqrt(2 / Math.PI), 0.044715]

const geluTanhOp = defineOp('geluTanh', {
  inputs: ['x'],
  // (1 + tanh z) / 2 is sigmoid(2z), which keeps its digits where tanh is near −1.
  forward: ({ x }: One) =>
    tf.mul(x, tf.sigmoid(tf.mul(2 * geluSlope, tf.add(x, tf.mul(geluCubic, tf.mul(x, tf.square(x))))))),
  gradient: {
    x: (dy, { x }) => {
      const squared = square(x)
      const s = sigmoid(mul(2 * geluSlope, add(x, mul(geluCubic, mul(x, squared)))))
      const slope = mul(2 * geluSlope, add(1, mul(3 * geluCubic, squared)))
      return mul(dy, add(s, mul(mul(mul(s, sub(1, s)), x), slope)))
    },
  },
})

/**
 * `x · Φ(x)` with the normal distribution `Φ(x) = (1 + erf(x / √2)) / 2`; or, with `approximate: 'tanh'`,
 * `x / 2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32 or `approximate` is another word
 * @see torch.nn.functional.gelu
 */
export function gelu(x: Tensor, options: { readonly approximate?: 'none' | 'tanh' } = {}): Tensor {
  expectOptions('gelu', options, { approximate: true })
  const { approximate = 'none' } = options
  expectOperand('gelu', 'x', x)
  expectDtype('gelu', 'x', x, 'float32')
  if (approximate !== 'none' && approximate !== 'tanh') {
    throw new ShapeError(`gelu: expected approximate to be 'none' or 'tanh', got '${approximate}'.`)
  }
  return approximate === 'tanh' ? geluTanhOp({ x }, {}) : geluOp({ x }, {})
}
