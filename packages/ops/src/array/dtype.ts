import { type DataType, scalar, Tensor, type TensorLike, tidy } from '@tensorflow/tfjs-core'
import { expectNumbers } from '../engine/expect.ts'
import { ShapeError } from '../engine/shape-error.ts'
import { broadcastShapes } from './axes.ts'
import { cast } from './shape.ts'

type Argument = Tensor | TensorLike

const isWhole = (x: Argument): boolean => x instanceof Tensor && (x.dtype === 'int32' || x.dtype === 'bool')

/**
 * A function of two operands that broadcast, checked.
 *
 * @throws ShapeError unless both are tensors, numbers or lists of numbers, of shapes that broadcast
 */
export function pairwise<F extends (a: never, b: never) => Tensor>(operator: string, call: F): F {
  const anyCall = call as unknown as (a: Argument, b: Argument) => Tensor // takes tensors and numbers alone
  const checked = (a: Argument, b: Argument): Tensor => {
    broadcastShapes(operator, expectNumbers(operator, 'a', a), expectNumbers(operator, 'b', b))
    return anyCall(a, b)
  }
  return checked as unknown as F
}

/**
 * The same for arithmetic, which booleans have none of: backends disagree about what two of them give.
 *
 * @throws ShapeError for two bool tensors, too
 */
export function arithmetic<F extends (a: never, b: never) => Tensor>(operator: string, call: F): F {
  const anyCall = call as unknown as (a: Argument, b: Argument) => Tensor // takes tensors and numbers alone
  const isBool = (x: Argument): boolean => x instanceof Tensor && x.dtype === 'bool'
  const checked = (a: Argument, b: Argument): Tensor => {
    if (isBool(a) && isBool(b)) {
      throw new ShapeError(
        `${operator}: expected numbers, got two bool tensors. Cast one to int32 or float32, or use logicalAnd and logicalOr.`,
      )
    }
    return anyCall(a, b)
  }
  return pairwise(operator, checked as unknown as F)
}

/** `call` with integers and booleans cast to float32: PyTorch promotes them where a function's values are real numbers. */
export function promoting<F extends (...parameters: never[]) => Tensor>(operator: string, call: F): F {
  const anyCall = call as unknown as (...parameters: Argument[]) => Tensor // takes tensors and numbers alone
  const promoted = (...parameters: Argument[]): Tensor => {
    expectNumbers(operator, 'x', parameters[0])
    return parameters.some(isWhole)
      ? tidy(() => anyCall(...parameters.map((x) => (isWhole(x) ? cast(x as Tensor, 'float32') : x))))
      : anyCall(...parameters)
  }
  return promoted as unknown as F
}

/** Whether a number is a value of int32. */
export const isInt32 = (x: unknown): x is number => typeof x === 'number' && (x | 0) === x

/**
 * `call` of two operands, where a whole number beside an int32 tensor is int32, too, as in PyTorch. tfjs makes float32 of
 * both, which holds integers up to 2²⁴.
 */
export function keepingIntegers<F extends (...parameters: never[]) => Tensor>(call: F): F {
  const anyCall = call as unknown as (a: Argument, b: Argument) => Tensor
  const beside = (x: Argument, other: Argument): Argument =>
    isInt32(x) && other instanceof Tensor && other.dtype === 'int32' ? scalar(x, 'int32') : x
  const kept = (a: Argument, b: Argument): Tensor =>
    typeof a === 'number' || typeof b === 'number' ? tidy(() => anyCall(beside(a, b), beside(b, a))) : anyCall(a, b)
  return kept as unknown as F
}

/** @throws ShapeError if `x` is a tensor of another dtype than the `allowed` ones */
export function expectDtype(operator: string, name: string, x: Argument, ...allowed: DataType[]): void {
  expectNumbers(operator, name, x)
  if (x instanceof Tensor && !allowed.includes(x.dtype)) {
    throw new ShapeError(
      `${operator}: expected ${name} to be ${allowed.join(' or ')}, got ${x.dtype} of shape [${x.shape}]. Cast it first.`,
    )
  }
}
