import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { equal, greater, less } from './compare.ts'
import {
  arithmetic,
  type Elementwise,
  elementwise,
  expectDtype,
  isIntegers,
  keepingIntegers,
  type Mapping,
  mapping,
  pairwise,
  promoting,
} from './dtype.ts'
import { sign } from './round.ts'
import { sumToShape } from './sum.ts'
import { where } from './where.ts'

/**
 * `a + b`, with broadcasting. Here and below int32 stays int32 beside a whole number, and wraps around beyond ±2³¹.
 * @see torch.add
 */
export const add: Elementwise = elementwise('Add', arithmetic('add', keepingIntegers(tf.add)), {
  gradient: {
    a: (dy, { a }) => sumToShape(dy, a.shape),
    b: (dy, { b }) => sumToShape(dy, b.shape),
  },
})

/**
 * `a - b`, with broadcasting.
 * @see torch.sub
 */
export const sub: Elementwise = elementwise('Sub', arithmetic('sub', keepingIntegers(tf.sub)), {
  gradient: {
    a: (dy, { a }) => sumToShape(dy, a.shape),
    b: (dy, { b }) => sumToShape(neg(dy), b.shape),
  },
})

/**
 * `a · b`, elementwise with broadcasting.
 * @see torch.mul
 */
export const mul: Elementwise = elementwise('Multiply', arithmetic('mul', keepingIntegers(tf.mul)), {
  gradient: {
    a: (dy, { a, b }) => sumToShape(mul(dy, b), a.shape),
    b: (dy, { a, b }) => sumToShape(mul(dy, a), b.shape),
  },
})

/**
 * `a / b`, elementwise with broadcasting; float32, also of integers, as in PyTorch.
 * @see torch.div
 */
export const div: Elementwise = elementwise('RealDiv', pairwise('div', promoting('div', tf.div)), {
  gradient: {
    a: (dy, { a, b }) => sumToShape(div(dy, b), a.shape),
    b: (dy, { a, b }) => sumToShape(neg(mul(dy, div(div(a, b), b))), b.shape), // b² may overflow,
  },
})

/**
 * The larger of `a` and `b`, or NaN; where they are equal each gets half the gradient.
 * @see torch.maximum
 */
export const maximum: Elementwise = elementwise('Maximum', arithmetic('maximum', keepingIntegers(tf.maximum)), {
  gradient: {
    a: (dy, { a, b }) => sumToShape(shared(dy, less(a, b), equal(a, b)), a.shape),
    b: (dy, { a, b }) => sumToShape(shared(dy, less(b, a), equal(a, b)), b.shape),
  },
})

/**
 * The smaller of `a` and `b`, or NaN; where they are equal each gets half the gradient.
 * @see torch.minimum
 */
export const minimum: Elementwise = elementwise('Minimum', arithmetic('minimum', keepingIntegers(tf.minimum)), {
  gradient: {
    a: (dy, { a, b }) => sumToShape(shared(dy, greater(a, b), equal(a, b)), a.shape),
    b: (dy, { a, b }) => sumToShape(shared(dy, greater(b, a), equal(a, b)), b.shape),
  },
})

/**
 * 0 where the other is chosen, half of `dy` where both are equal, all of it elsewhere: at a NaN both get it, as in PyTorch. It is
 * chosen and not multiplied, so that an infinite `dy` leaves no NaN where it does not go.
 */
const shared = (dy: Tensor, other: Tensor, equal: Tensor): Tensor => where(other, 0, where(equal, mul(0.5, dy), dy))

/**
 * `(a − b)²`, with broadcasting.
 * @see torch.nn.functional.mse_loss with `reduction='none'`
 */
export const squaredDifference: Elementwise = elementwise(
  'SquaredDifference',
  arithmetic('squaredDifference', keepingIntegers(tf.squaredDifference)),
  {
    gradient: {
      a: (dy, { a, b }) => sumToShape(mul(dy, mul(2, sub(a, b))), a.shape),
      b: (dy, { a, b }) => sumToShape(mul(dy, mul(2, sub(b, a))), b.shape),
    },
  },
)

/**
 * `-x`
 * @throws ShapeError if `x` is bool
 * @see torch.neg
 */
export const neg: Mapping = mapping(
  'Neg',
  (x) => {
    expectDtype('neg', 'x', x, 'float32', 'int32')
    // tfjs-wasm's kernel negates integers in float32.
    return isIntegers(x) ? tf.tidy(() => tf.sub(tf.scalar(0, 'int32'), x)) : tf.neg(x)
  },
  {
    saves: [],
    gradient: { x: (dy) => neg(dy) },
  },
)

/**
 * `x²`, exact for integers.
 * @throws ShapeError if `x` is bool
 * @see torch.square
 */
export const square: Mapping = mapping(
  'Square',
  (x) => {
    expectDtype('square', 'x', x, 'float32', 'int32')
    // Stock kernels square integers in float32, which is exact below 2²⁴ alone.
    return isIntegers(x) ? tf.mul(x, x) : tf.square(x)
  },
  {
    gradient: { x: (dy, { x }) => mul(dy, mul(2, x)) },
  },
)

/**
 * `√x`, float32; its derivative at 0 is infinite.
 * @see torch.sqrt
 */
export const sqrt: Mapping = mapping('Sqrt', promoting('sqrt', tf.sqrt), {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => div(dy, mul(2, output)) },
})

/**
 * `1 / √x`, float32
 * @see torch.rsqrt
 */
export const rsqrt: Mapping = mapping('Rsqrt', promoting('rsqrt', tf.rsqrt), {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => mul(dy, mul(-0.5, mul(output, square(output)))) },
})

/**
 * `eˣ`, float32
 * @see torch.exp
 */
export const exp: Mapping = mapping('Exp', promoting('exp', tf.exp), {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => mul(dy, output) },
})

/**
 * Natural logarithm, float32.
 * @see torch.log
 */
export const log: Mapping = mapping('Log', promoting('log', tf.log), {
  gradient: { x: (dy, { x }) => div(dy, x) },
})

/**
 * `|x|`; the derivative at 0 is 0.
 * @throws ShapeError if `x` is bool
 * @see torch.abs
 */
export const abs: Mapping = mapping(
  'Abs',
  (x) => {
    expectDtype('abs', 'x', x, 'float32', 'int32')
    // tfjs's kernels take them in float32.
    return isIntegers(x) ? tf.tidy(() => tf.maximum(x, tf.sub(tf.scalar(0, 'int32'), x))) : tf.abs(x)
  },
  {
    gradient: { x: (dy, { x }) => mul(dy, sign(x)) },
  },
)
