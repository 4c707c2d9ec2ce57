import type { DataType, Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { allocating, described, expectNumbers, expectOperand, expectShape } from '../checks/expect.ts'
import { expectBackend } from '../checks/expect-backend.ts'
import type { TensorOf } from '../checks/ranks.ts'
import { ShapeError } from '../checks/shape-error.ts'

const dtypes = ['float32', 'int32', 'bool', 'string', 'complex64']

function expectKnownDtype(operator: string, dtype: unknown): void {
  if (dtype !== undefined && !dtypes.includes(dtype as string))
    throw new ShapeError(`${operator}: expected dtype float32, int32 or bool, got ${described(dtype)}.`)
}

/** What a tensor can be made of. */
type Values = Parameters<typeof tf.tensor>[0]

/**
 * A tensor of the values, in the shape of the nested lists where no other is given; float32 where no dtype is, bool of booleans.
 *
 * @param values a number, nested lists of numbers, or a typed array
 * @throws ShapeError for lists of several lengths, for a shape of another number of values, and for what is no number;
 * BackendUnavailable before a backend is started
 * @see torch.tensor
 * @example tensor([1, 2, 3, 4], [2, 2])
 */
export function tensor<const S extends readonly number[]>(values: Values, shape: S, dtype?: DataType): TensorOf<S>
export function tensor(values: number | boolean, shape?: undefined, dtype?: DataType): Scalar
export function tensor(values: readonly number[] | tf.TypedArray, shape?: undefined, dtype?: DataType): Tensor1D
export function tensor(values: readonly (readonly number[])[], shape?: undefined, dtype?: DataType): Tensor2D
export function tensor(values: Values, shape?: readonly number[], dtype?: DataType): Tensor
export function tensor(given: Values | readonly unknown[], shape?: readonly number[], dtype?: DataType): Tensor {
  const values = given as Values // lists that nobody writes to
  expectBackend('tensor')
  expectKnownDtype('tensor', dtype)
  if (values instanceof tf.Tensor)
    throw new ShapeError(`tensor: expected values, got ${described(values)}. Reshape or clone it instead.`)
  // Strings, and textures that are on a device already, are tfjs's.
  if (shape !== undefined) expectShape('tensor', shape)
  const isOurs = !(dtype === 'string' || containsText(values) || isResource(values))
  if (containsText(values) && shape !== undefined && [values].flat(6).length !== expectShape('tensor', shape))
    throw new ShapeError(`tensor: expected a shape of ${[values].flat(6).length} texts, got [${shape}].`)
  if (isOurs) {
    const own = expectNumbers('tensor', 'values', values)
    const count = own.reduce((product, size) => product * size, 1)
    if (shape !== undefined && expectShape('tensor', shape) !== count) {
      throw new ShapeError(
        `tensor: expected a shape of ${count} values, got [${shape}] for values [${own}]. Give as many values as the shape holds.`,
      )
    }
    // Typed arrays in a list are rows of values in whatever shape.
    const rows = Array.isArray(values) && values.some((each) => ArrayBuffer.isView(each))
    if (shape !== undefined && own.length > 1 && !rows && own.join() !== shape.join()) {
      throw new ShapeError(
        `tensor: expected the shape [${own}] of the nested lists, got [${shape}]. Leave the shape out, or reshape the result.`,
      )
    }
  }
  return tf.tensor(values, shape && [...shape], dtype)
}

const containsText = (values: unknown): boolean =>
  typeof values === 'string' || (Array.isArray(values) && values.flat(6).some((value) => typeof value === 'string'))

const isResource = (values: unknown): boolean =>
  typeof values === 'object' &&
  values !== null &&
  ('texture' in values || 'buffer' in values) &&
  !ArrayBuffer.isView(values)

/** A tensor of one value without axes. @throws ShapeError for anything but a number or a boolean */
export const scalar: typeof tf.scalar = (value, dtype) => {
  expectBackend('scalar')
  expectKnownDtype('scalar', dtype)
  if (!['number', 'boolean', 'string'].includes(typeof value) && !(value instanceof Uint8Array))
    throw new ShapeError(`scalar: expected a number or a boolean, got ${described(value)}. Make tensors with tensor().`)
  return tf.scalar(value, dtype)
}

/** Zeros of a shape, float32 where no dtype is given. @throws ShapeError, RangeError for a shape that cannot be */
export function zeros<const S extends readonly number[]>(shape: S, dtype?: DataType): TensorOf<S>
export function zeros(shape: readonly number[], dtype?: DataType): Tensor {
  expectBackend('zeros')
  expectShape('zeros', shape)
  expectKnownDtype('zeros', dtype)
  return allocating('zeros', shape, () => tf.zeros([...shape], dtype))
}

/** Ones of a shape, float32 where no dtype is given. @throws ShapeError, RangeError for a shape that cannot be */
export function ones<const S extends readonly number[]>(shape: S, dtype?: DataType): TensorOf<S>
export function ones(shape: readonly number[], dtype?: DataType): Tensor {
  expectBackend('ones')
  expectShape('ones', shape)
  expectKnownDtype('ones', dtype)
  return allocating('ones', shape, () => tf.ones([...shape], dtype))
}

/** Zeros of the shape of `x`, float32: a constant to differentiation. */
export function zerosLike<T extends Tensor>(x: T): T {
  expectOperand('zerosLike', 'x', x)
  return tf.zeros(x.shape, 'float32') as T
}

/** Ones of the shape of `x`, float32: a constant to differentiation. */
export function onesLike<T extends Tensor>(x: T): T {
  expectOperand('onesLike', 'x', x)
  return tf.ones(x.shape, 'float32') as T
}
