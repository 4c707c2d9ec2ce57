import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp } from '../autodiff/define-op.ts'
import { expectOperand } from '../checks/expect.ts'
import { axisOf, expectValues, reducedShape } from './axes.ts'
import { expectDtype } from './dtype.ts'
import { reshape } from './shape.ts'

type Position = (x: Tensor, axis: number) => Tensor

/** tfjs's kernels pass over NaN; in PyTorch it is the extreme value, and the first one counts. */
const orFirstNaN = (position: Position, x: Tensor, axis: number): Tensor => {
  const found = position(x, axis)
  if (x.dtype !== 'float32') return found
  const missing = tf.cast(tf.notEqual(x, x), 'float32')
  return tf.where(tf.greater(tf.max(missing, axis), 0), tf.argMax(missing, axis), found)
}

const definePosition = (name: string, position: Position) =>
  defineOp(name, {
    inputs: ['x'],
    saves: [],
    // tfjs-backend-webgpu gives [1] for the shape [].
    forward: ({ x }: { x: Tensor }, { axis }: { axis: number }) =>
      tf.reshape(orFirstNaN(position, x, axis), reducedShape(x.shape, [axis], false)),
    gradient: {},
    constants: { x: 'a position is an integer' },
  })

const argMaxOp = definePosition('argMax', tf.argMax)
const argMinOp = definePosition('argMin', tf.argMin)

function positionOf(operator: string, op: typeof argMaxOp, x: Tensor, axis: number | undefined, keepDims: boolean) {
  expectOperand(operator, 'x', x)
  expectDtype(operator, 'x', x, 'float32', 'int32')
  if (axis === undefined) {
    expectValues(operator, x, [...x.shape.keys()])
    return tf.tidy(() => {
      const position = op({ x: reshape(x, [-1]) }, { axis: 0 })
      return keepDims ? reshape(position, new Array(x.rank).fill(1)) : position
    })
  }
  const place = axisOf(operator, x, axis)
  expectValues(operator, x, [place])
  const shape = reducedShape(x.shape, [place], keepDims)
  if (x.size === 0) return tf.zeros(shape, 'int32')
  return tf.tidy(() => {
    const position = op({ x }, { axis: place })
    return keepDims ? reshape(position, shape) : position
  })
}

/**
 * The position of the largest value along `axis`, int32; of all values in row-major order where `axis` is left out.
 * Among equal values the first one counts, and a NaN counts as the largest.
 *
 * @param x any shape
 * @throws ShapeError if the axis does not exist or has size 0
 * @see torch.argmax, which leaves open which of equal values it takes
 */
export function argMax(x: Tensor, axis?: undefined, keepDims?: false): Scalar
export function argMax(x: Tensor, axis?: number, keepDims?: boolean): Tensor
export function argMax(x: Tensor, axis?: number, keepDims = false): Tensor {
  return positionOf('argMax', argMaxOp, x, axis, keepDims)
}

/**
 * The position of the smallest value along `axis`, int32; of all values in row-major order where `axis` is left out.
 * Among equal values the first one counts, and a NaN counts as the smallest.
 *
 * @param x any shape
 * @throws ShapeError if the axis does not exist or has size 0
 * @see torch.argmin, which leaves open which of equal values it takes
 */
export function argMin(x: Tensor, axis?: undefined, keepDims?: false): Scalar
export function argMin(x: Tensor, axis?: number, keepDims?: boolean): Tensor
export function argMin(x: Tensor, axis?: number, keepDims = false): Tensor {
  return positionOf('argMin', argMinOp, x, axis, keepDims)
}
