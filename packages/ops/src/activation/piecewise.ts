import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { add, mul } from '../array/arithmetic.ts'
import { clampValues } from '../array/clamp.ts'
import { greater, greaterEqual, less, lessEqual } from '../array/compare.ts'
import { expectDtype } from '../array/dtype.ts'
import { logicalAnd, logicalOr } from '../array/logical.ts'
import { reshape } from '../array/shape.ts'
import { sumToShape } from '../array/sum.ts'
import { where } from '../array/where.ts'
import { defineOp } from '../autodiff/define-op.ts'
import { stockOp } from '../autodiff/stock-op.ts'
import { expectOperand, expectOptions } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'

type One = { x: Tensor }

const leakyReluOp = stockOp<typeof tf.leakyRelu, One, { alpha: number }>('LeakyRelu', tf.leakyRelu, ['x'], {
  gradient: { x: (dy, { x }, { alpha }) => where(greater(x, 0), dy, mul(dy, alpha)) },
})

/**
 * `x` above 0, `negativeSlope · x` elsewhere.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.leaky_relu
 * @example leakyRelu(tensor([-2, 3])) // [-0.02, 3]
 */
export function leakyRelu(x: Tensor, options: { readonly negativeSlope?: number } = {}): Tensor {
  expectOptions('leakyRelu', options, { negativeSlope: true })
  const { negativeSlope = 0.01 } = options
  expectOperand('leakyRelu', 'x', x)
  expectDtype('leakyRelu', 'x', x, 'float32')
  return leakyReluOp(x, negativeSlope)
}

const preluOp = stockOp<typeof tf.prelu, { x: Tensor; alpha: Tensor }>('Prelu', tf.prelu, ['x', 'alpha'], {
  gradient: {
    x: (dy, { x, alpha }) => where(greater(x, 0), dy, mul(dy, alpha)),
    alpha: (dy, { x, alpha }) => sumToShape(where(greater(x, 0), 0, mul(dy, x)), alpha.shape),
  },
})

/**
 * `x` above 0, `weight · x` elsewhere, with a learned slope.
 *
 * @param x `[…, channels]`, float32
 * @param weight one slope, or `[channels]`
 * @throws ShapeError if one is not float32, or `weight` is neither one value nor one a channel
 * @see torch.nn.functional.prelu
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  expectOperand('prelu', 'x', x)
  expectOperand('prelu', 'weight', weight)
  expectDtype('prelu', 'x', x, 'float32')
  expectDtype('prelu', 'weight', weight, 'float32')
  const channels = x.shape.at(-1) ?? 1
  if (weight.rank > 1 || (weight.size !== 1 && weight.size !== channels)) {
    throw new ShapeError(
      `prelu: expected weight [1] or [${channels}], the channels of x [${x.shape}], got [${weight.shape}]. Channels come last.`,
    )
  }
  return tf.tidy(() => preluOp(x, x.rank === 0 ? reshape(weight, []) : weight))
}

const hardTanhOp = defineOp('hardTanh', {
  inputs: ['x'],
  forward: ({ x }: One, bounds: { min: number; max: number }) => clampValues(x, bounds),
  // 0 on the bounds, unlike `clamp`'s, and `dy` at NaN.
  gradient: {
    x: (dy, { x }, { min, max }) => where(logicalOr(lessEqual(x, min), greaterEqual(x, max)), 0, dy),
  },
})

/**
 * `x` between `min` and `max`, and those beyond; the derivative on them is 0.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32 or `min` is above `max`
 * @see torch.nn.functional.hardtanh
 */
export function hardTanh(x: Tensor, options: { readonly min?: number; readonly max?: number } = {}): Tensor {
  expectOptions('hardTanh', options, { min: true, max: true })
  const { min = -1, max = 1 } = options
  expectOperand('hardTanh', 'x', x)
  expectDtype('hardTanh', 'x', x, 'float32')
  if (!(min <= max)) throw new ShapeError(`hardTanh: expected min ≤ max, got ${min} and ${max}. Swap them.`)
  return hardTanhOp({ x }, { min, max })
}

/**
 * `min(max(x, 0), 6)`; the derivative at 0 and 6 is 0.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.relu6
 */
export function relu6(x: Tensor): Tensor {
  expectDtype('relu6', 'x', x, 'float32')
  return hardTanhOp({ x }, { min: 0, max: 6 })
}

/** `relu6(x + 3) / 6` */
const ramp = (x: Tensor): Tensor => tf.div(clampValues(tf.add(x, 3), { min: 0, max: 6 }), 6)

const hardSigmoidOp = defineOp('hardSigmoid', {
  inputs: ['x'],
  forward: ({ x }: One) => ramp(x),
  gradient: { x: (dy, { x }) => where(logicalAnd(greater(x, -3), less(x, 3)), mul(dy, 1 / 6), 0) },
})

/**
 * `relu6(x + 3) / 6`, a sigmoid of straight lines.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.hardsigmoid
 */
export function hardSigmoid(x: Tensor): Tensor {
  expectDtype('hardSigmoid', 'x', x, 'float32')
  return hardSigmoidOp({ x }, {})
}

const hardSwishOp = defineOp('hardSwish', {
  inputs: ['x'],
  forward: ({ x }: One) => tf.mul(x, ramp(x)),
  gradient: {
    x: (dy, { x }) => {
      const inside = mul(dy, add(mul(x, 1 / 3), 0.5))
      return where(lessEqual(x, -3), 0, where(less(x, 3), inside, dy)) // at NaN as above 3
    },
  },
})

/**
 * `x · relu6(x + 3) / 6`
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32
 * @see torch.nn.functional.hardswish
 */
export function hardSwish(x: Tensor): Tensor {
  expectDtype('hardSwish', 'x', x, 'float32')
  return hardSwishOp({ x }, {})
}
