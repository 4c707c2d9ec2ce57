import type { Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { itemAt, tuple } from '../checks/item.ts'
import type { ConvolutionGeometry, Pair } from './geometry.ts'

/**
 * One of tfjs's convolution kernels, called past tf.conv2d, which refuses stride together with dilation: its kernels have
 * both, except in the input gradients, which have no dilation.
 */
export const stockConvolution = (
  kernelName: string,
  inputs: tf.NamedTensorMap,
  { stride, padding: [vertical, horizontal], dilation }: ConvolutionGeometry,
  attributes: tf.NamedAttrMap = {},
): Tensor4D =>
  tf.engine().runKernel(kernelName, inputs, {
    strides: [...stride],
    pad: [[0, 0], [...vertical], [...horizontal], [0, 0]], // the type knows no such pads
    dataFormat: 'NHWC',
    dilations: [...dilation],
    ...attributes,
  })

/** Runs a convolution group by group: both tensors are split along their axis, the results joined along `axis`. */
export function byGroups(
  geometry: ConvolutionGeometry,
  [a, aAxis]: [Tensor4D, number],
  [b, bAxis]: [Tensor4D, number],
  axis: number,
  run: (a: Tensor4D, b: Tensor4D, geometry: ConvolutionGeometry) => Tensor4D,
): Tensor4D {
  const as: Tensor4D[] = tf.split(a, geometry.groups, aAxis)
  const bs: Tensor4D[] = tf.split(b, geometry.groups, bAxis)
  return tf.concat(
    as.map((part, group) => run(part, itemAt(bs, group), { ...geometry, groups: 1 })),
    axis,
  )
}

export const isDilated = ({ dilation }: ConvolutionGeometry): boolean => dilation[0] > 1 || dilation[1] > 1

/** The geometry, but for dilation and groups, of the convolution that `spreadGradient` is made for. */
export const plain = {
  stride: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
} as const

/**
 * dy with zeros between its rows and columns and around them, so that the input gradient is its convolution at stride 1
 * by the flipped filter. That takes dilation where stock input gradients do not, and zeros in the filter instead would
 * multiply a NaN that the window does not see.
 */
export function spreadGradient(
  dy: Tensor4D,
  kernelSize: Pair,
  { stride, padding, dilation }: ConvolutionGeometry,
  inputSize: Pair,
): Tensor4D {
  const spread = insertZeros(dy, stride)
  const sides = ([0, 1] as const).map((axis): Pair => {
    const reach = dilation[axis] * (kernelSize[axis] - 1)
    const before = reach - padding[axis][0]
    return [before, inputSize[axis] + reach - before - itemAt(spread.shape, axis + 1)]
  })
  const cut = tuple(
    sides.map(([before, after]): Pair => [Math.max(0, -before), Math.max(0, -after)]),
    2,
  )
  const [batch, height, width, channels] = spread.shape
  const inside = tf.slice(
    spread,
    [0, cut[0][0], cut[1][0], 0],
    [batch, height - cut[0][0] - cut[0][1], width - cut[1][0] - cut[1][1], channels],
  )
  const around = sides.map(([before, after]): [number, number] => [Math.max(0, before), Math.max(0, after)])
  return tf.pad(inside, [[0, 0], ...around, [0, 0]])
}

/** A filter `[height, width, I, groups · O]` read from its last tap, inputs and outputs exchanged: `[height, width, O, groups · I]`. */
export function flipFilter(filter: Tensor4D, groups: number): Tensor4D {
  const [height, width, inputs, outChannels] = filter.shape
  const outputs = outChannels / groups
  const flipped = tf.reshape(tf.reverse(filter, [0, 1]), [height * width, inputs, groups, outputs])
  return tf.reshape(tf.transpose(flipped, [0, 3, 2, 1]), [height, width, outputs, groups * inputs])
}

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
