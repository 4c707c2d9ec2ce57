import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { asConstant } from '../array/detach.ts'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { expectOperand, expectOptions } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { type Pair, pair, type Size } from '../convolution/geometry.ts'
import { expectImages } from './geometry.ts'
import { flatPositions, gatherPlaneOp, type PlaneSize } from './plane-op.ts'

export interface MaxUnpool2dOptions {
  /** Height and width of the result: those of the input of the pooling. */
  outputSize: Size
}

/**
 * Puts each value where `indices` says, and zeros elsewhere: the partial inverse of `maxPool2dWithIndices`.
 * Where windows overlapped, several values may name one place: the last one stays, and the
 * gradient reaches all, as in PyTorch.
 *
 * @param values `[batch, height, width, channels]`, float32
 * @param indices positions `row · width + column` in the result's planes, int32, of the shape of `values`
 * @returns `[batch, ...outputSize, channels]`
 * @throws ShapeError if shapes or types do not fit; RangeError for an index outside its plane on cpu and wasm. On
 *   tensorflow such an index throws TensorFlow's own error, and on webgpu its value is left out
 * @see torch.nn.functional.max_unpool2d
 * @example
 * const { values, indices } = maxPool2dWithIndices(x, { kernelSize: 2 })
 * maxUnpool2d(values, indices, { outputSize: [x.shape[1], x.shape[2]] })
 */
export function maxUnpool2d(values: Tensor, indices: Tensor, options: MaxUnpool2dOptions): Tensor4D {
  expectOptions('maxUnpool2d', options, { outputSize: true }, '{ outputSize: [4, 4] }')
  const { outputSize } = options
  expectOperand('maxUnpool2d', 'values', values)
  expectOperand('maxUnpool2d', 'indices', indices)
  expectImages('maxUnpool2d', 'values', values)
  expectIndicesOf(values, indices)
  const size = pair('maxUnpool2d', 'outputSize', outputSize, 1)
  expectInside(indices, size)
  // Values and indices usually come from one x, and so would a gradient.
  return maxUnpool2dOp({ values, indices: asConstant(indices) }, { size })
}

/** Checks that `indices` are positions of those values. */
function expectIndicesOf(values: Tensor4D, indices: Tensor): asserts indices is Tensor4D {
  if (indices.dtype !== 'int32') {
    throw new ShapeError(
      `maxUnpool2d: expected indices of dtype int32, as maxPool2dWithIndices gives them, got ${indices.dtype}.`,
    )
  }
  if (indices.rank !== 4 || indices.shape.some((size, axis) => size !== values.shape[axis])) {
    throw new ShapeError(
      `maxUnpool2d: expected indices of the shape of values, [${values.shape}], got [${indices.shape}]. Take both from one maxPool2dWithIndices.`,
    )
  }
}

/** Where values lie on the host: elsewhere reading them would wait for the device. */
function expectInside(indices: Tensor4D, [height, width]: Pair): void {
  if (tf.getBackend() !== 'cpu' && tf.getBackend() !== 'wasm') return
  for (const index of indices.dataSync()) {
    if (index < 0 || index >= height * width) {
      throw new RangeError(
        `maxUnpool2d: expected indices in 0 … ${height * width - 1}, positions in the plane [${height}, ${width}], got ${index}. Give the outputSize that the pooled input had.`,
      )
    }
  }
}

const maxUnpool2dOp: Op<{ values: Tensor4D; indices: Tensor4D }, PlaneSize, Tensor4D> = defineOp('maxUnpool2d', {
  inputs: ['values', 'indices'],
  forward: ({ values, indices }: { values: Tensor4D; indices: Tensor4D }, { size }: PlaneSize): Tensor4D => {
    const shape = [values.shape[0], ...size, values.shape[3]] as Tensor4D['shape']
    if (values.size === 0) return tf.zeros(shape)
    const flat = tf.reshape(flatPositions(indices, shape), [-1, 1])
    const empty = tf.fill([tf.util.sizeFromShape(shape)], 0)
    return tf.reshape(tf.tensorScatterUpdate(empty, flat, tf.reshape(values, [-1])), shape)
  },
  saves: ['indices'],
  gradient: {
    values: (dy, { indices }) => gatherPlaneOp({ x: dy, indices }, {}),
  },
  constants: { indices: 'a position is an integer' },
})
