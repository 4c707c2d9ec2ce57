import { type DataType, scalar, Tensor, type TensorLike, tidy } from '@tensorflow/tfjs-core'
import type { GradientDefinition } from '../autodiff/gradient.ts'
import { stockOp } from '../autodiff/stock-op.ts'
import { expectNumbers } from '../checks/expect.ts'
import type { Broadcast } from '../checks/ranks.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { broadcastShapes } from './axes.ts'
import { cast } from './cast.ts'

/** A tensor, or numbers that become one. */
export type Operand = Tensor | TensorLike

/** An operator of one operand, whose shape its result has. */
export interface Mapping {
  <T extends Tensor>(x: T): T
  (x: Operand): Tensor
}

/** An operator of two operands that broadcast. */
export interface Elementwise {
  <T extends Tensor>(a: T | number, b: T | number): T
  <A extends Tensor, B extends Tensor>(a: A, b: B): Broadcast<A, B>
  (a: Operand, b: Operand): Tensor
}

type One = (x: Operand) => Tensor
type Two = (a: Operand, b: Operand) => Tensor
type Pair = { a: Tensor; b: Tensor }

/** One of tfjs's functions of one operand, with our gradient. */
/* @__NO_SIDE_EFFECTS__ */
export const mapping = <S = undefined>(
  kernelName: string,
  call: One,
  definition: GradientDefinition<{ x: Tensor }, unknown, Tensor, never, S>,
): Mapping => stockOp<One, { x: Tensor }, unknown, never, S>(kernelName, call, ['x'], definition)

/** One of tfjs's functions of two operands, with our gradient; both are checked first. */
/* @__NO_SIDE_EFFECTS__ */
export const elementwise = <S = undefined>(
  kernelName: string,
  call: Two,
  definition: GradientDefinition<Pair, unknown, Tensor, never, S>,
): Elementwise => stockOp<Two, Pair, unknown, never, S>(kernelName, call, ['a', 'b'], definition)

/** Whether an operand is a tensor of int32. */
export const isIntegers = (x: Operand): x is Tensor => x instanceof Tensor && x.dtype === 'int32'

const isWhole = (x: Operand): x is Tensor => x instanceof Tensor && (x.dtype === 'int32' || x.dtype === 'bool')

/**
 * A function of two operands that broadcast, checked.
 *
 * @throws ShapeError unless both are tensors, numbers or lists of numbers, of shapes that broadcast
 */
export function pairwise(operator: string, call: Two): Two {
  return (a, b) => {
    broadcastShapes(operator, expectNumbers(operator, 'a', a), expectNumbers(operator, 'b', b))
    return call(a, b)
  }
}

/**
 * The same for arithmetic, which booleans have none of: backends disagree about what two of them give.
 *
 * @throws ShapeError for two bool tensors, too
 */
export function arithmetic(operator: string, call: Two): Two {
  const isBool = (x: Operand): boolean => x instanceof Tensor && x.dtype === 'bool'
  return pairwise(operator, (a, b) => {
    if (isBool(a) && isBool(b)) {
      throw new ShapeError(
        `${operator}: expected numbers, got two bool tensors. Cast one to int32 or float32, or use logicalAnd and logicalOr.`,
      )
    }
    return call(a, b)
  })
}

/** `call` with integers and booleans cast to float32: PyTorch promotes them where a function's values are real numbers. */
export function promoting<P extends Operand[]>(
  operator: string,
  call: (...operands: P) => Tensor,
): (...operands: P) => Tensor {
  return (...operands) => {
    expectNumbers(operator, 'x', operands[0])
    if (!operands.some(isWhole)) return call(...operands)
    const real = (x: Operand): Operand => (isWhole(x) ? cast(x, 'float32') : x)
    return tidy(() => call(...(operands.map(real) as P)))
  }
}

/** Whether a number is a value of int32. */
export const isInt32 = (x: unknown): x is number => typeof x === 'number' && (x | 0) === x

/**
 * `call` of two operands, where a whole number beside an int32 tensor is int32, too, as in PyTorch. tfjs makes float32 of
 * both, which holds integers up to 2²⁴.
 */
export function keepingIntegers(call: Two): Two {
  const beside = (x: Operand, other: Operand): Operand =>
    isInt32(x) && other instanceof Tensor && other.dtype === 'int32' ? scalar(x, 'int32') : x
  return (a, b) =>
    typeof a === 'number' || typeof b === 'number' ? tidy(() => call(beside(a, b), beside(b, a))) : call(a, b)
}

/** @throws ShapeError if `x` is a tensor of another dtype than the `allowed` ones */
export function expectDtype(operator: string, name: string, x: Operand, ...allowed: DataType[]): void {
  expectNumbers(operator, name, x)
  if (x instanceof Tensor && !allowed.includes(x.dtype)) {
    throw new ShapeError(
      `${operator}: expected ${name} to be ${allowed.join(' or ')}, got ${x.dtype} of shape [${x.shape}]. Cast it first.`,
    )
  }
}
