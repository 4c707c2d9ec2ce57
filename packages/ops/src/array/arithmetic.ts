import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../engine/stock-op.ts'
import { sumToShape } from './broadcast.ts'
import { greater, greaterEqual, less, lessEqual } from './compare.ts'
import { cast } from './shape.ts'

type Pair = { a: Tensor; b: Tensor }
type One = { x: Tensor }

/** `a + b`, with broadcasting. */
export const add: typeof tf.add = stockOp<typeof tf.add, Pair>('Add', tf.add, ['a', 'b'], {
  gradient: {
    a: (dy, { a }) => sumToShape(dy, a.shape),
    b: (dy, { b }) => sumToShape(dy, b.shape),
  },
})

/** `a - b`, with broadcasting. */
export const sub: typeof tf.sub = stockOp<typeof tf.sub, Pair>('Sub', tf.sub, ['a', 'b'], {
  gradient: {
    a: (dy, { a }) => sumToShape(dy, a.shape),
    b: (dy, { b }) => sumToShape(neg(dy), b.shape),
  },
})

/** `a · b`, elementwise with broadcasting. */
export const mul: typeof tf.mul = stockOp<typeof tf.mul, Pair>('Multiply', tf.mul, ['a', 'b'], {
  gradient: {
    a: (dy, { a, b }) => sumToShape(mul(dy, b), a.shape),
    b: (dy, { a, b }) => sumToShape(mul(dy, a), b.shape),
  },
})

/** `a / b`, elementwise with broadcasting; float32. */
export const div: typeof tf.div = stockOp<typeof tf.div, Pair>('RealDiv', tf.div, ['a', 'b'], {
  gradient: {
    a: (dy, { a, b }) => sumToShape(div(dy, b), a.shape),
    b: (dy, { a, b }) => sumToShape(neg(div(mul(dy, a), square(b))), b.shape),
  },
})

/** The larger of `a` and `b`; where they are equal each gets half the gradient, as in PyTorch. */
export const maximum: typeof tf.maximum = stockOp<typeof tf.maximum, Pair>('Maximum', tf.maximum, ['a', 'b'], {
  gradient: {
    a: (dy, { a, b }) => sumToShape(mul(dy, share(greater(a, b), greaterEqual(a, b))), a.shape),
    b: (dy, { a, b }) => sumToShape(mul(dy, share(greater(b, a), greaterEqual(b, a))), b.shape),
  },
})

/** The smaller of `a` and `b`; where they are equal each gets half the gradient, as in PyTorch. */
export const minimum: typeof tf.minimum = stockOp<typeof tf.minimum, Pair>('Minimum', tf.minimum, ['a', 'b'], {
  gradient: {
    a: (dy, { a, b }) => sumToShape(mul(dy, share(less(a, b), lessEqual(a, b))), a.shape),
    b: (dy, { a, b }) => sumToShape(mul(dy, share(less(b, a), lessEqual(b, a))), b.shape),
  },
})

/** 1 where strictly, ½ where only equal, 0 elsewhere. */
const share = (strictly: Tensor, orEqual: Tensor): Tensor =>
  mul(0.5, add(cast(strictly, 'float32'), cast(orEqual, 'float32')))

/** `-x` */
export const neg: typeof tf.neg = stockOp<typeof tf.neg, One>('Neg', tf.neg, ['x'], {
  saves: [],
  gradient: { x: (dy) => neg(dy) },
})

/** `x²` */
export const square: typeof tf.square = stockOp<typeof tf.square, One>('Square', tf.square, ['x'], {
  gradient: { x: (dy, { x }) => mul(dy, mul(2, x)) },
})

/** `√x`; its derivative at 0 is infinite. */
export const sqrt: typeof tf.sqrt = stockOp<typeof tf.sqrt, One>('Sqrt', tf.sqrt, ['x'], {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => div(dy, mul(2, output)) },
})

/** `1 / √x` */
export const rsqrt: typeof tf.rsqrt = stockOp<typeof tf.rsqrt, One>('Rsqrt', tf.rsqrt, ['x'], {
  saves: ['x', 'output'],
  gradient: { x: (dy, { x, output }) => neg(div(mul(dy, output), mul(2, x))) },
})

/** `eˣ` */
export const exp: typeof tf.exp = stockOp<typeof tf.exp, One>('Exp', tf.exp, ['x'], {
  saves: ['x', 'output'],
  gradient: { x: (dy, { output }) => mul(dy, output) },
})

/** Natural logarithm. */
export const log: typeof tf.log = stockOp<typeof tf.log, One>('Log', tf.log, ['x'], {
  gradient: { x: (dy, { x }) => div(dy, x) },
})

/** `|x|`; the derivative at 0 is 0. */
export const abs: typeof tf.abs = stockOp<typeof tf.abs, One>('Abs', tf.abs, ['x'], {
  gradient: { x: (dy, { x }) => mul(dy, tf.sign(x)) },
})
