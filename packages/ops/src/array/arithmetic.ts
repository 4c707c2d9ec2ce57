import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../engine/stock-op.ts'
import { sumToShape } from './broadcast.ts'
import { equal, greater, less } from './compare.ts'
import { arithmetic, expectDtype, keepingIntegers, pairwise, promoting } from './dtype.ts'
import { sign } from './round.ts'
import { where } from './where.ts'

type Pair = { a: Tensor; b: Tensor }
type One = { x: Tensor }

const isIntegers = <T extends Tensor>(x: T | tf.TensorLike): x is T => x instanceof tf.Tensor && x.dtype === 'int32'

/**
 * `a + b`, with broadcasting. Here and below int32 stays int32 beside a whole number, and wraps around beyond ±2³¹.
 * @see torch.add
 */
export const add: typeof tf.add = stockOp<typeof tf.add, Pair>(
  'Add',
  arithmetic('add', keepingIntegers(tf.add)),
  ['a', 'b'],
  {
    gradient: {
      a: (dy, { a }) => sumToShape(dy, a.shape),
      b: (dy, { b }) => sumToShape(dy, b.shape),
    },
  },
)

/**
 * `a - b`, with broadcasting.
 * @see torch.sub
 */
export const sub: typeof tf.sub = stockOp<typeof tf.sub, Pair>(
  'Sub',
  arithmetic('sub', keepingIntegers(tf.sub)),
  ['a', 'b'],
  {
    gradient: {
      a: (dy, { a }) => sumToShape(dy, a.shape),
      b: (dy, { b }) => sumToShape(neg(dy), b.shape),
    },
  },
)

/**
 * `a · b`, elementwise with broadcasting.
 * @see torch.mul
 */
export const mul: typeof tf.mul = stockOp<typeof tf.mul, Pair>(
  'Multiply',
  arithmetic('mul', keepingIntegers(tf.mul)),
  ['a', 'b'],
  {
    gradient: {
      a: (dy, { a, b }) => sumToShape(mul(dy, b), a.shape),
      b: (dy, { a, b }) => sumToShape(mul(dy, a), b.shape),
    },
  },
)

/**
 * `a / b`, elementwise with broadcasting; float32, also of integers, as in PyTorch.
 * @see torch.div
 */
export const div: typeof tf.div = stockOp<typeof tf.div, Pair>(
  'RealDiv',
  pairwise('div', promoting('div', tf.div)),
  ['a', 'b'],
  {
    gradient: {
      a: (dy, { a, b }) => sumToShape(div(dy, b), a.shape),
      b: (dy, { a, b }) => sumToShape(neg(mul(dy, div(div(a, b), b))), b.shape), // b² may overflow,
    },
  },
)

/**
 * The larger of `a` and `b`, or NaN; where they are equal each gets half the gradient.
 * @see torch.maximum
 */
export const maximum: typeof tf.maximum = stockOp<typeof tf.maximum, Pair>(
  'Maximum',
  arithmetic('maximum', keepingIntegers(tf.maximum)),
  ['a', 'b'],
  {
    gradient: {
      a: (dy, { a, b }) => sumToShape(shared(dy, less(a, b), equal(a, b)), a.shape),
      b: (dy, { a, b }) => sumToShape(shared(dy, less(b, a), equal(a, b)), b.shape),
    },
  },
)

/**
 * The smaller of `a` and `b`, or NaN; where they are equal each gets half the gradient.
 * @see torch.minimum
 */
export const minimum: typeof tf.minimum = stockOp<typeof tf.minimum, Pair>(
  'Minimum',
  arithmetic('minimum', keepingIntegers(tf.minimum)),
  ['a', 'b'],
  {
    gradient: {
      a: (dy, { a, b }) => sumToShape(shared(dy, greater(a, b), equal(a, b)), a.shape),
      b: (dy, { a, b }) => sumToShape(shared(dy, greater(b, a), equal(a, b)), b.shape),
    },
  },
)

/**
 * 0 where the other is chosen, half of `dy` where both are equal, all of it elsewhere: at a NaN both get it, as in PyTorch. It is
 * chosen and not multiplied, so that an infinite `dy` leaves no NaN where it does not go.
 */
const shared = (dy: Tensor, other: Tensor, equal: Tensor): Tensor => where(other, 0, where(equal, mul(0.5, dy), dy))

/**
 * `(a − b)²`, with broadcasting.
 * @see torch.nn.functional.mse_loss with `reduction='none'`
 */
export const squaredDifference: typeof tf.squaredDifference = stockOp<typeof tf.squaredDifference, Pair>(
  'SquaredDifference',
  arithmetic('squaredDifference', keepingIntegers(tf.squaredDifference)),
  ['a', 'b'],
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
export const neg: typeof tf.neg = stockOp<typeof tf.neg, One>(
  'Neg',
  <T extends Tensor>(x: T | tf.TensorLike): T => {
    expectDtype('neg', 'x', x, 'float32', 'int32')
    // tfjs-wasm's kernel negates integers in float32.
    return isIntegers(x) ? tf.tidy(() => tf.sub<T>(tf.scalar(0, 'int32'), x)) : tf.neg<T>(x)
  },
  ['x'],
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
export const square: typeof tf.square = stockOp<typeof tf.square, One>(
  'Square',
  <T extends Tensor>(x: T | tf.TensorLike): T => {
    expectDtype('square', 'x', x, 'float32', 'int32')
    // Stock kernels square integers in float32, which is exact below 2²⁴ alone.
    return isIntegers(x) ? tf.mul<T>(x, x) : tf.square<T>(x)
  },
  ['x'],
  {
    gradient: { x: (dy, { x }) => mul(dy, mul(2, x)) },
  },
)

/**
 * `√x`, float32; its derivative at 0 is infinite.
 * @see torch.sqrt
 */
export const sqrt: typeof tf.sqrt = stockOp<typeof tf.sqrt, One>('Sqrt', promoting('sqrt', tf.sqrt), ['x'], {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => div(dy, mul(2, output)) },
})

/**
 * `1 / √x`, float32
 * @see torch.rsqrt
 */
export const rsqrt: typeof tf.rsqrt = stockOp<typeof tf.rsqrt, One>('Rsqrt', promoting('rsqrt', tf.rsqrt), ['x'], {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => mul(dy, mul(-0.5, mul(output, square(output)))) },
})

/**
 * `eˣ`, float32
 * @see torch.exp
 */
export const exp: typeof tf.exp = stockOp<typeof tf.exp, One>('Exp', promoting('exp', tf.exp), ['x'], {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => mul(dy, output) },
})

/**
 * Natural logarithm, float32.
 * @see torch.log
 */
export const log: typeof tf.log = stockOp<typeof tf.log, One>('Log', promoting('log', tf.log), ['x'], {
  gradient: { x: (dy, { x }) => div(dy, x) },
})

/**
 * `|x|`; the derivative at 0 is 0.
 * @throws ShapeError if `x` is bool
 * @see torch.abs
 */
export const abs: typeof tf.abs = stockOp<typeof tf.abs, One>(
  'Abs',
  <T extends Tensor>(x: T | tf.TensorLike): T => {
    expectDtype('abs', 'x', x, 'float32', 'int32')
    // tfjs's kernels take them in float32.
    return isIntegers(x) ? tf.tidy(() => tf.maximum<T>(x, tf.sub(tf.scalar(0, 'int32'), x))) : tf.abs<T>(x)
  },
  ['x'],
  {
    gradient: { x: (dy, { x }) => mul(dy, sign(x)) },
  },
)
