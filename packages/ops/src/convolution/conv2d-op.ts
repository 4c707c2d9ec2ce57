import type { Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { type ConvolutionGeometry, convolvedSize, type Pair } from './geometry.ts'
import {
  groupedConvolution,
  groupedFilterGradient,
  groupedInputGradient,
  hasDepthwiseInputGradient,
  isNarrow,
} from './narrow-groups.ts'
import { byGroups, flipFilter, isDilated, plain, spreadGradient, stockConvolution } from './rewrites.ts'

/**
 * Convolution as three operators closed under differentiation: the convolution, its input gradient (which is the
 * transposed convolution) and its filter gradient. Each one's gradient is written with the other two, so that every
 * order, stride, padding, dilation and group count follows.
 */
export const conv2dOp: Op<{ x: Tensor4D; filter: Tensor4D }, ConvolutionGeometry, Tensor4D> = defineOp('conv2d', {
  inputs: ['x', 'filter'],
  forward: ({ x, filter }, geometry) => {
    if (x.shape[0] === 0) {
      const size = convolvedSizes([x.shape[1], x.shape[2]], [filter.shape[0], filter.shape[1]], geometry)
      return tf.zeros([0, ...size, filter.shape[3]]) // not every stock kernel takes a batch of none
    }
    if (isNarrow(filter.shape[2], geometry)) return groupedConvolution(x, filter, geometry)
    if (geometry.groups > 1) {
      return byGroups(geometry, [x, 3], [filter, 3], 3, (part, partFilter, one) =>
        conv2dOp({ x: part, filter: partFilter }, one),
      )
    }
    return stockConvolution('Conv2D', { x, filter }, geometry)
  },
  gradient: {
    x: (dy, { x, filter }, geometry) =>
      conv2dInputGradientOp({ dy, filter }, { ...geometry, inputSize: [x.shape[1], x.shape[2]] }),
    filter: (dy, { x, filter }, geometry) =>
      conv2dFilterGradientOp({ x, dy }, { ...geometry, kernelSize: [filter.shape[0], filter.shape[1]] }),
  },
})

/** The adjoint of `conv2dOp` in its input: `[batch, outHeight, outWidth, outChannels] → [batch, ...inputSize, inChannels]`. */
export const conv2dInputGradientOp: Op<
  { dy: Tensor4D; filter: Tensor4D },
  ConvolutionGeometry & { inputSize: Pair },
  Tensor4D
> = defineOp('conv2dInputGradient', {
  inputs: ['dy', 'filter'],
  forward: ({ dy, filter }, { inputSize, ...geometry }) => {
    if (dy.shape[0] === 0) return tf.zeros([0, ...inputSize, filter.shape[2] * geometry.groups])
    const narrow = isNarrow(filter.shape[2], geometry)
    if (isDilated(geometry) || (narrow && !hasDepthwiseInputGradient())) {
      const spread = spreadGradient(dy, [filter.shape[0], filter.shape[1]], geometry, inputSize)
      return conv2dOp({ x: spread, filter: flipFilter(filter, geometry.groups) }, { ...geometry, ...plain })
    }
    if (narrow) return groupedInputGradient(dy, filter, geometry, inputSize)
    if (geometry.groups > 1) {
      return byGroups(geometry, [dy, 3], [filter, 3], 3, (part, partFilter, one) =>
        conv2dInputGradientOp({ dy: part, filter: partFilter }, { ...one, inputSize }),
      )
    }
    const inputShape = [dy.shape[0], ...inputSize, filter.shape[2]]
    return stockConvolution('Conv2DBackpropInput', { dy, filter }, geometry, { inputShape })
  },
  gradient: {
    dy: (g, { filter }, { inputSize: _, ...geometry }) => conv2dOp({ x: g, filter }, geometry),
    filter: (g, { dy, filter }, { inputSize: _, ...geometry }) =>
      conv2dFilterGradientOp({ x: g, dy }, { ...geometry, kernelSize: [filter.shape[0], filter.shape[1]] }),
  },
})

/** The adjoint of `conv2dOp` in its filter: `[...kernelSize, inChannels / groups, outChannels]`. */
export const conv2dFilterGradientOp: Op<
  { x: Tensor4D; dy: Tensor4D },
  ConvolutionGeometry & { kernelSize: Pair },
  Tensor4D
> = defineOp('conv2dFilterGradient', {
  inputs: ['x', 'dy'],
  forward: ({ x, dy }, { kernelSize, ...geometry }) => {
    if (x.shape[0] === 0) return tf.zeros([...kernelSize, x.shape[3] / geometry.groups, dy.shape[3]])
    if (tf.getBackend() === 'cpu' && pixelsOf(dy) > longest) return filterGradientInParts(x, dy, geometry, kernelSize)
    return filterGradient(x, dy, geometry, kernelSize)
  },
  gradient: {
    x: (g, { x, dy }, { kernelSize: _, ...geometry }) =>
      conv2dInputGradientOp({ dy, filter: g }, { ...geometry, inputSize: [x.shape[1], x.shape[2]] }),
    dy: (g, { x }, { kernelSize: _, ...geometry }) => conv2dOp({ x, filter: g }, geometry),
  },
})

const pixelsOf = ({ shape: [batch, rows, columns] }: Tensor4D): number => batch * rows * columns

/** How many pixels tfjs's kernels for cpu, which add one by one in float32, add up at a time. */
const longest = 4096

/** The filter gradient as the sum of those of some images or, where an image is large, of some of its rows. */
function filterGradientInParts(x: Tensor4D, dy: Tensor4D, geometry: ConvolutionGeometry, kernelSize: Pair): Tensor4D {
  const [batch, rows, columns, outChannels] = dy.shape
  const { stride, padding, dilation } = geometry
  const padded = tf.pad(x, [[0, 0], [...padding[0]], [...padding[1]], [0, 0]])
  const images = Math.max(1, Math.floor(longest / (rows * columns)))
  const height = Math.min(rows, Math.max(1, Math.floor(longest / columns)))
  const parts: Tensor4D[] = []
  for (let image = 0; image < batch; image += images) {
    for (let row = 0; row < rows; row += height) {
      const [count, some] = [Math.min(images, batch - image), Math.min(height, rows - row)]
      const seen = (some - 1) * stride[0] + (kernelSize[0] - 1) * dilation[0] + 1
      const window = tf.slice(padded, [image, row * stride[0], 0, 0], [count, seen, padded.shape[2], x.shape[3]])
      const part = tf.slice(dy, [image, row, 0, 0], [count, some, columns, outChannels])
      // A part may be as large as the whole where a row is: it is not divided again.
      parts.push(filterGradient(window, part, { ...geometry, padding: plain.padding }, kernelSize))
    }
  }
  return tf.sum(tf.stack(parts), 0)
}

function filterGradient(x: Tensor4D, dy: Tensor4D, geometry: ConvolutionGeometry, kernelSize: Pair): Tensor4D {
  if (isNarrow(x.shape[3] / geometry.groups, geometry)) return groupedFilterGradient(x, dy, geometry, kernelSize)
  if (geometry.groups > 1) {
    return byGroups(geometry, [x, 3], [dy, 3], 3, (part, partDy, one) =>
      conv2dFilterGradientOp({ x: part, dy: partDy }, { ...one, kernelSize }),
    )
  }
  return filterGradientByConvolution(x, dy, geometry, kernelSize)
}

/**
 * The filter gradient as a convolution: x as `[inChannels, height, width, batch]` with dy as the filter
 * `[outHeight, outWidth, batch, outChannels]`, stride and dilation exchanged.
 */
function filterGradientByConvolution(
  x: Tensor4D,
  dy: Tensor4D,
  { stride, padding, dilation }: ConvolutionGeometry,
  kernelSize: Pair,
): Tensor4D {
  const images = tf.transpose(x, [3, 1, 2, 0]) // [inChannels, height, width, batch]
  const kernel = tf.transpose(dy, [1, 2, 0, 3]) // [outHeight, outWidth, batch, outChannels]
  const exchanged = { stride: dilation, padding, dilation: stride, groups: 1 }
  const taps = tf.transpose(stockConvolution('Conv2D', { x: images, filter: kernel }, exchanged), [1, 2, 0, 3])
  // Where the stride does not divide evenly, the rows and columns that no window reached give extra taps.
  return tf.slice(taps, [0, 0, 0, 0], [...kernelSize, taps.shape[2], taps.shape[3]])
}

/** The output size `[height, width]` of a convolution over an input of `size`. */
export const convolvedSizes = (size: Pair, kernel: Pair, { stride, padding, dilation }: ConvolutionGeometry): Pair => [
  convolvedSize(size[0], kernel[0], stride[0], padding[0], dilation[0]),
  convolvedSize(size[1], kernel[1], stride[1], padding[1], dilation[1]),
]
