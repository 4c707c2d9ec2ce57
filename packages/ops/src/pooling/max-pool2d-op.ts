import type { Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { zerosLike } from '../array/create.ts'
import type { Pair } from '../convolution/geometry.ts'
import { insertZeros } from '../convolution/rewrites.ts'
import { defineOp, type Op } from '../engine/define-op.ts'

/** Geometry of a pooling: `padding` is `[[top, bottom], [left, right]]`, ceil mode's extra rows and columns included. */
export interface PoolGeometry {
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: readonly [Pair, Pair]
  readonly dilation: Pair
  readonly outputSize: Pair
}

/**
 * Max pooling as operators closed under differentiation: the pooling, `spread` (its gradient: each value goes to the
 * first maximum of its window, row by row) and `pick` (the adjoint of `spread`).
 */
export const maxPool2dOp: Op<{ x: Tensor4D }, PoolGeometry, Tensor4D> = defineOp('maxPool2d', {
  inputs: ['x'],
  forward: ({ x }, geometry) => {
    const padded = padWith(x, geometry, Number.NEGATIVE_INFINITY)
    if (geometry.dilation[0] === 1 && geometry.dilation[1] === 1) {
      const pooled = tf.maxPool(padded, [...geometry.kernelSize], [...geometry.stride], 'valid')
      return tf.slice(pooled, [0, 0, 0, 0], [x.shape[0], ...geometry.outputSize, x.shape[3]])
    }
    return taps(padded, geometry).reduce((largest, tap) => tf.maximum(largest, tap))
  },
  saves: ['x', 'output'],
  gradient: { x: (dy, { x, output }, geometry) => maxPool2dGradientOp({ dy, x, y: output }, geometry) },
})

export const maxPool2dGradientOp: Op<Record<'dy' | 'x' | 'y', Tensor4D>, PoolGeometry, Tensor4D> = defineOp(
  'maxPool2dGradient',
  {
    inputs: ['dy', 'x', 'y'],
    forward: ({ dy, x, y }, geometry) => {
      const { kernelSize, stride, dilation, padding } = geometry
      const padded = padWith(x, geometry, Number.NEGATIVE_INFINITY)
      const [batch, height, width, channels] = padded.shape
      const parts = firstHits(padded, y, geometry).map((hit, index) => {
        const row = Math.floor(index / kernelSize[1]) * dilation[0]
        const column = (index % kernelSize[1]) * dilation[1]
        const spread = insertZeros(tf.mul(dy, hit), stride)
        const placed = tf.pad(spread, [
          [0, 0],
          [row, height],
          [column, width],
          [0, 0],
        ])
        return tf.slice(placed, [0, 0, 0, 0], [batch, height, width, channels])
      })
      return tf.slice(tf.addN(parts), [0, padding[0][0], padding[1][0], 0], x.shape)
    },
    gradient: {
      dy: (g, { x, y }, geometry) => maxPool2dPickOp({ g, x, y }, geometry),
      // Which element is the maximum does not change almost everywhere.
      x: (_, { x }) => zerosLike(x),
      y: (_, { y }) => zerosLike(y),
    },
  },
)

const maxPool2dPickOp: Op<Record<'g' | 'x' | 'y', Tensor4D>, PoolGeometry, Tensor4D> = defineOp('maxPool2dPick', {
  inputs: ['g', 'x', 'y'],
  forward: ({ g, x, y }, geometry) => {
    const hits = firstHits(padWith(x, geometry, Number.NEGATIVE_INFINITY), y, geometry)
    return tf.addN(taps(padWith(g, geometry, 0), geometry).map((tap, index) => tf.mul(tap, hits[index] as Tensor4D)))
  },
  gradient: {
    g: (dy, { x, y }, geometry) => maxPool2dGradientOp({ dy, x, y }, geometry),
    x: (_, { x }) => zerosLike(x),
    y: (_, { y }) => zerosLike(y),
  },
})

const padWith = (x: Tensor4D, { padding: [vertical, horizontal] }: PoolGeometry, value: number): Tensor4D =>
  [...vertical, ...horizontal].every((size) => size === 0)
    ? x
    : tf.pad(x, [[0, 0], [...vertical], [...horizontal], [0, 0]], value)

/** The elements that tap (u, v) of every window sees, for each tap row by row: `[batch, outHeight, outWidth, channels]`. */
function taps(padded: Tensor4D, { kernelSize, stride, dilation, outputSize }: PoolGeometry): Tensor4D[] {
  const [batch, , , channels] = padded.shape
  return Array.from({ length: kernelSize[0] * kernelSize[1] }, (_, index) => {
    const row = Math.floor(index / kernelSize[1]) * dilation[0]
    const column = (index % kernelSize[1]) * dilation[1]
    const end = [
      batch,
      row + (outputSize[0] - 1) * stride[0] + 1,
      column + (outputSize[1] - 1) * stride[1] + 1,
      channels,
    ]
    return tf.stridedSlice(padded, [0, row, column, 0], end, [1, ...stride, 1]) as Tensor4D
  })
}

/** For each tap, 1 where it is the first maximum of its window, else 0. */
function firstHits(padded: Tensor4D, y: Tensor4D, geometry: PoolGeometry): Tensor4D[] {
  let free: tf.Tensor = tf.onesLike(y)
  return taps(padded, geometry).map((tap) => {
    const hit = tf.mul(tf.cast(tf.equal(tap, y), 'float32'), free)
    free = tf.sub(free, hit)
    return hit as Tensor4D
  })
}
