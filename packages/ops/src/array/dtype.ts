import { type DataType, scalar, Tensor, type TensorLike, tidy } from '@tensorflow/tfjs-core'
import { ShapeError } from '../engine/shape-error.ts'
import { cast } from './shape.ts'

type Argument = Tensor | TensorLike

const isWhole = (x: Argument): boolean => x instanceof Tensor && (x.dtype === 'int32' || x.dtype === 'bool')

/** `call` with integers and booleans cast to float32: PyTorch promotes them where a function's values are real numbers. */
export function promoting<F extends (...parameters: never[]) => Tensor>(call: F): F {
  const anyCall = call as unknown as (...parameters: Argument[]) => Tensor // takes tensors and numbers alone
  const promoted = (...parameters: Argument[]): Tensor =>
    parameters.some(isWhole)
      ? tidy(() => anyCall(...parameters.map((x) => (isWhole(x) ? cast(x as Tensor, 'float32') : x))))
      : anyCall(...parameters)
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
  if (x instanceof Tensor && !allowed.includes(x.dtype)) {
    throw new ShapeError(
      `${operator}: expected ${name} to be ${allowed.join(' or ')}, got ${x.dtype} of shape [${x.shape}]. Cast it first.`,
    )
  }
}
