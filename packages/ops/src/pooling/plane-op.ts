import type { Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import type { Pair } from '../convolution/geometry.ts'

/** Height and width of a plane that is written to. */
export interface PlaneSize {
  readonly size: Pair
}

/**
 * Reading and adding at positions `row · width + column` of each image's and channel's plane. `indices` are int32
 * `[batch, outHeight, outWidth, channels]`; the two operators are each other's adjoint.
 */
export const gatherPlaneOp: Op<{ x: Tensor4D; indices: Tensor4D }, object, Tensor4D> = defineOp('gatherPlane', {
  inputs: ['x', 'indices'],
  forward: ({ x, indices }: { x: Tensor4D; indices: Tensor4D }): Tensor4D => {
    if (indices.size === 0) return tf.zeros(indices.shape)
    return tf.reshape(tf.gather(tf.reshape(x, [-1]), flatPositions(indices, x.shape)), indices.shape)
  },
  gradient: {
    x: (dy, { x, indices }) => scatterPlaneOp({ dy, indices }, { size: [x.shape[1], x.shape[2]] }),
  },
  constants: { indices: 'a position is an integer' },
})

/** Zeros of `[batch, ...size, channels]` with each `dy` added at its position. */
export const scatterPlaneOp: Op<{ dy: Tensor4D; indices: Tensor4D }, PlaneSize, Tensor4D> = defineOp('scatterPlane', {
  inputs: ['dy', 'indices'],
  forward: ({ dy, indices }: { dy: Tensor4D; indices: Tensor4D }, { size }: PlaneSize): Tensor4D => {
    const shape = [dy.shape[0], ...size, dy.shape[3]] as Tensor4D['shape']
    if (dy.size === 0) return tf.zeros(shape)
    const flat = tf.reshape(flatPositions(indices, shape), [-1, 1])
    return tf.reshape(tf.scatterND(flat, tf.reshape(dy, [-1]), [tf.util.sizeFromShape(shape)]), shape)
  },
  saves: ['indices'],
  gradient: {
    dy: (g, { indices }) => gatherPlaneOp({ x: g, indices }, {}),
  },
  constants: { indices: 'a position is an integer' },
})

/**
 * The positions in the flat tensor of `shape`, `[batch, height, width, channels]`: one-dimensional int32, and −1, which
 * kernels refuse, for a position outside its plane.
 */
export function flatPositions(indices: Tensor4D, [batch, height, width, channels]: Tensor4D['shape']): tf.Tensor1D {
  const images = tf.reshape(tf.range(0, batch, 1, 'int32'), [batch, 1, 1, 1])
  const each = tf.reshape(tf.range(0, channels, 1, 'int32'), [1, 1, 1, channels])
  const plane = height * width
  const flat = tf.add(
    tf.mul(tf.add(indices, tf.mul(images, tf.scalar(plane, 'int32'))), tf.scalar(channels, 'int32')),
    each,
  )
  const isInside = tf.logicalAnd(tf.greaterEqual(indices, 0), tf.less(indices, plane))
  return tf.reshape(tf.where(isInside, flat, tf.fill(flat.shape, -1, 'int32')), [-1])
}
