import type { Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { zerosLike } from '../array/create.ts'
import { asConstant } from '../array/detach.ts'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { itemAt } from '../checks/item.ts'
import type { PoolGeometry } from './geometry.ts'
import { gatherPlaneOp, scatterPlaneOp } from './plane-op.ts'

/** Max pooling. Its gradient is another operator, whose gradient gathers: closed under differentiation. */
export const maxPool2dOp: Op<{ x: Tensor4D }, PoolGeometry, Tensor4D> = defineOp('maxPool2d', {
  inputs: ['x'],
  forward: ({ x }, geometry) => taps(x, geometry).reduce((largest, tap) => tf.maximum(largest, tap)),
  saves: ['x', 'output'],
  gradient: { x: (dy, { x, output }, geometry) => maxPool2dGradientOp({ dy, x, y: output }, geometry) },
})

/** `[values, indices]`. A NaN, and of several the last, is larger than any number. */
export const maxPool2dWithIndicesOp: Op<{ x: Tensor4D }, PoolGeometry, [Tensor4D, Tensor4D]> = defineOp(
  'maxPool2dWithIndices',
  {
    inputs: ['x'],
    forward: ({ x }, geometry) => {
      const shape = [x.shape[0], ...geometry.outputSize, x.shape[3]] as Tensor4D['shape']
      // tfjs broadcasts an axis of 0 with one of 1 to 1.
      if (x.size === 0) return [tf.zeros(shape), tf.zeros(shape, 'int32')]
      const places = positions([x.shape[1], x.shape[2]], geometry)
      const inside = places.map((place) => tf.tensor4d(place, [1, ...geometry.outputSize, 1], 'int32'))
      // A window of −∞ alone has its maximum at its first element that is not padding.
      const first = inside.reduceRight((later, place) => tf.where(tf.less(place, 0), later, place))
      let values = tf.fill(shape, Number.NEGATIVE_INFINITY)
      let indices = tf.add(tf.fill(shape, 0, 'int32'), first)
      for (const [index, tap] of taps(x, geometry).entries()) {
        const wins = tf.logicalOr(tf.greater(tap, values), tf.isNaN(tap))
        values = tf.where(wins, tap, values)
        indices = tf.where(wins, itemAt(inside, index), indices)
      }
      return [values, indices] as [Tensor4D, Tensor4D]
    },
    saves: ['x', 'output'],
    gradient: { x: ([dy], { x, output: [y] }, geometry) => maxPool2dGradientOp({ dy, x, y }, geometry) },
  },
)

/** Each `dy` is added to where the maximum of its window stands in `x`; `y` is the pooled `x`. */
export const maxPool2dGradientOp: Op<Record<'dy' | 'x' | 'y', Tensor4D>, PoolGeometry, Tensor4D> = defineOp(
  'maxPool2dGradient',
  {
    inputs: ['dy', 'x', 'y'],
    forward: ({ dy, x }, geometry) => {
      const [, indices] = maxPool2dWithIndicesOp({ x }, geometry)
      return scatterPlaneOp({ dy, indices }, { size: [x.shape[1], x.shape[2]] })
    },
    gradient: {
      dy: (g, { x }, geometry) =>
        gatherPlaneOp({ x: g, indices: asConstant(maxPool2dWithIndicesOp({ x }, geometry)[1]) }, {}),
      // Which element is the maximum does not change almost everywhere.
      x: (_, { x }) => zerosLike(x),
      y: (_, { y }) => zerosLike(y),
    },
  },
)

/**
 * The elements that tap (u, v) of every window sees, for each tap row by row; −∞ in the padding:
 * `[batch, outHeight, outWidth, channels]`.
 */
function taps(x: Tensor4D, { kernelSize, stride, padding, dilation, outputSize }: PoolGeometry): Tensor4D[] {
  const isPadded = padding.flat().some((size) => size > 0)
  const around: [number, number][] = [[0, 0], [...padding[0]], [...padding[1]], [0, 0]]
  const padded = isPadded ? tf.pad(x, around, Number.NEGATIVE_INFINITY) : x
  const [batch, , , channels] = padded.shape
  return tapOffsets(kernelSize, dilation).map(([row, column]) => {
    const rows = row + (outputSize[0] - 1) * stride[0] + 1
    const columns = column + (outputSize[1] - 1) * stride[1] + 1
    return tf.stridedSlice(padded, [0, row, column, 0], [batch, rows, columns, channels], [1, ...stride, 1]) as Tensor4D
  })
}

/** For each tap, the position `row · width + column` that it sees from each window; negative in the padding. */
function positions(
  [height, width]: [number, number],
  { kernelSize, stride, padding, dilation, outputSize }: PoolGeometry,
): Int32Array[] {
  const [outHeight, outWidth] = outputSize
  return tapOffsets(kernelSize, dilation).map(([u, v]) =>
    Int32Array.from({ length: outHeight * outWidth }, (_, window) => {
      const row = Math.floor(window / outWidth) * stride[0] - padding[0][0] + u
      const column = (window % outWidth) * stride[1] - padding[1][0] + v
      return row >= 0 && row < height && column >= 0 && column < width ? row * width + column : -1
    }),
  )
}

const tapOffsets = (kernelSize: PoolGeometry['kernelSize'], dilation: PoolGeometry['dilation']): [number, number][] =>
  Array.from({ length: kernelSize[0] * kernelSize[1] }, (_, index) => [
    Math.floor(index / kernelSize[1]) * dilation[0],
    (index % kernelSize[1]) * dilation[1],
  ])
