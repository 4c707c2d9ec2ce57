import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp } from '../autodiff/define-op.ts'
import type { GradientDefinition } from '../autodiff/gradient.ts'
import { expectOperand } from '../checks/expect.ts'
import { clone } from './cast.ts'
import { zerosLike } from './create.ts'
import { expectDtype, isIntegers, type Mapping, mapping, type Operand } from './dtype.ts'

type One = { x: Tensor }

/** A step's derivative is zero, as in PyTorch. */
const step: GradientDefinition<One, unknown, Tensor, never, undefined> = { gradient: { x: (_, { x }) => zerosLike(x) } }

const signOp = defineOp('sign', {
  inputs: ['x'],
  // tfjs's own kernels disagree about NaN.
  forward: ({ x }: One) => tf.sub(tf.cast(tf.greater(x, 0), x.dtype), tf.cast(tf.less(x, 0), x.dtype)),
  ...step,
})

/**
 * −1, 0 or 1; 0 for NaN. Its derivative is 0.
 * @throws ShapeError if `x` is bool
 * @see torch.sign
 */
export const sign = (x: Tensor): Tensor => {
  expectOperand('sign', 'x', x)
  expectDtype('sign', 'x', x, 'float32', 'int32')
  return signOp({ x }, {})
}

/** The stock function for float32; integers are whole already, and not every backend's kernel knows. */
const rounding = (name: string, kernelName: string, call: (x: Operand) => Tensor): Mapping =>
  mapping(
    kernelName,
    (x) => {
      expectDtype(name, 'x', x, 'float32', 'int32')
      return isIntegers(x) ? clone(x) : call(x)
    },
    step,
  )

/**
 * The largest whole number that is not above `x`. Its derivative is 0.
 * @throws ShapeError if `x` is bool
 * @see torch.floor
 */
export const floor: Mapping = rounding('floor', 'Floor', tf.floor)

/**
 * The smallest whole number that is not below `x`. Its derivative is 0.
 * @throws ShapeError if `x` is bool
 * @see torch.ceil
 */
export const ceil: Mapping = rounding('ceil', 'Ceil', tf.ceil)

/**
 * The nearest whole number; halves go to the even one. Its derivative is 0.
 * @throws ShapeError if `x` is bool
 * @see torch.round
 * @example round(tensor([0.5, 1.5, 2.5])) // [0, 2, 2]
 */
export const round: Mapping = rounding('round', 'Round', tf.round)
