import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../autodiff/stock-op.ts'
import { expectOperand } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { broadcastShapes } from './axes.ts'
import { cast } from './cast.ts'
import { zerosLike } from './create.ts'
import { asConstant } from './detach.ts'
import { isInt32 } from './dtype.ts'
import { broadcastTo } from './rearrange.ts'

const selectOp: typeof tf.where = stockOp<
  typeof tf.where,
  { condition: Tensor; t: Tensor; e: Tensor },
  unknown,
  'condition'
>('Select', tf.where, ['condition', 't', 'e'], {
  saves: ['condition'],
  gradient: {
    t: (dy, { condition }) => selectOp(condition, dy, zerosLike(dy)),
    e: (dy, { condition }) => selectOp(condition, zerosLike(dy), dy),
  },
  constants: { condition: 'a condition is a step' },
})

/**
 * `condition ? whenTrue : whenFalse`, elementwise, with broadcasting. The other value is not touched: neither it nor
 * its gradient can bring in a NaN.
 *
 * @param condition bool; a constant to differentiation
 * @param whenTrue a tensor or a number
 * @param whenFalse a tensor or a number
 * @throws ShapeError if the condition is not bool, or the shapes do not broadcast
 * @see torch.where
 */
export function where<T extends Tensor>(condition: T, whenTrue: T | number, whenFalse: T | number): T
export function where(condition: Tensor, whenTrue: Tensor | number, whenFalse: Tensor | number): Tensor
export function where(condition: Tensor, whenTrue: Tensor | number, whenFalse: Tensor | number): Tensor {
  expectOperand('where', 'condition', condition)
  if (condition.dtype !== 'bool') {
    throw new ShapeError(
      `where: expected a bool condition, got ${condition.dtype}. Compare it, or cast it: cast(condition, 'bool').`,
    )
  }
  for (const [name, value] of Object.entries({ whenTrue, whenFalse }))
    if (typeof value !== 'number') expectOperand('where', name, value)
  const given = [whenTrue, whenFalse].filter((value) => typeof value !== 'number')
  const shape = broadcastShapes('where', condition.shape, ...given.map((value) => value.shape))
  // A number that is no integer makes real numbers of integers.
  const fits = (dtype: string): boolean =>
    dtype === 'float32' || [whenTrue, whenFalse].every((value) => typeof value !== 'number' || isInt32(value))
  const common = given.every((value) => value.dtype === given[0]?.dtype) ? (given[0]?.dtype ?? 'float32') : 'float32'
  const dtype = fits(common) ? common : 'float32'
  if (tf.util.sizeFromShape(shape) === 0) return tf.zeros(shape, dtype)
  // tfjs-wasm chooses four bytes at a time, and its booleans have one: they are chosen as integers.
  const chosen = dtype === 'bool' ? 'int32' : dtype
  const spread = (x: Tensor): Tensor => (tf.util.arraysEqual(x.shape, shape) ? x : broadcastTo(x, shape))
  const full = (value: Tensor | number): Tensor => {
    if (typeof value === 'number') return tf.fill(shape, value, chosen)
    return spread(value.dtype === chosen ? value : cast(value, chosen))
  }
  return tf.tidy(() => {
    const y = selectOp(spread(asConstant(condition)), full(whenTrue), full(whenFalse))
    return dtype === chosen ? y : cast(y, dtype)
  })
}
