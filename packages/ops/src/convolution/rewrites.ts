import type { Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import type { ConvolutionGeometry, Pair } from './geometry.ts'

/** Runs a convolution group by group: both tensors are split along their axis, the results joined along `axis`. */
export function byGroups(
  geometry: ConvolutionGeometry,
  [a, aAxis]: [Tensor4D, number],
  [b, bAxis]: [Tensor4D, number],
  axis: number,
  run: (a: Tensor4D, b: Tensor4D, geometry: ConvolutionGeometry) => Tensor4D,
): Tensor4D {
  const as = tf.split(a, geometry.groups, aAxis)
  const bs = tf.split(b, geometry.groups, bAxis)
  return tf.concat(
    as.map((part, group) => run(part as Tensor4D, bs[group] as Tensor4D, { ...geometry, groups: 1 })),
    axis,
  )
}

/**
 * A filter whose taps are spread by inserting zeros, so that it needs no dilation.
 * Stock kernels take dilation only at stride 1, and not at all in the input gradient (`always`).
 */
export function dilateFilter(
  filter: Tensor4D,
  { stride, dilation, always = false }: { stride: Pair; dilation: Pair; always?: boolean },
): { filter: Tensor4D; dilation: Pair } {
  const dilated = dilation[0] > 1 || dilation[1] > 1
  const strided = stride[0] > 1 || stride[1] > 1
  if (!dilated || (!strided && !always)) return { filter, dilation }
  const [height, width, inChannels, outChannels] = filter.shape
  const spread = insertZeros(tf.reshape(filter, [1, height, width, inChannels * outChannels]), dilation)
  const size: Pair = [(height - 1) * dilation[0] + 1, (width - 1) * dilation[1] + 1]
  return {
    filter: tf.reshape(tf.slice(spread, [0, 0, 0, 0], [1, ...size, -1]), [...size, inChannels, outChannels]),
    dilation: [1, 1],
  }
}

/** Every `dilation`-th tap of a filter `[height, width, …]`: the adjoint of `dilateFilter`. */
export const undilateFilter = (filter: Tensor4D, dilation: Pair): Tensor4D =>
  tf.stridedSlice(filter, [0, 0, 0, 0], filter.shape, [...dilation, 1, 1]) as Tensor4D

/** `[batch, height, width, channels]` with `rows − 1` zero rows after each row and `columns − 1` zero columns after each column. */
export function insertZeros(x: Tensor4D, [rows, columns]: Pair): Tensor4D {
  const [batch, height, width, channels] = x.shape
  // Two pads of rank 3: not every backend pads more axes.
  const tall = tf.pad(tf.reshape(x, [batch * height, 1, width * channels]), [
    [0, 0],
    [0, rows - 1],
    [0, 0],
  ])
  const wide = tf.pad(tf.reshape(tall, [batch * height * rows * width, 1, channels]), [
    [0, 0],
    [0, columns - 1],
    [0, 0],
  ])
  return tf.reshape(wide, [batch, height * rows, width * columns, channels])
}
