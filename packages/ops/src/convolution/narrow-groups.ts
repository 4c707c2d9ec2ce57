import type { Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import type { ConvolutionGeometry, Pair } from './geometry.ts'
import { isDilated, stockConvolution } from './rewrites.ts'

/** Whether the current backend has tfjs's kernel for it; tfjs-backend-wasm has none. */
export const hasDepthwiseInputGradient = (): boolean => tf.getKernel(inputGradient, tf.getBackend()) !== undefined

const inputGradient = 'DepthwiseConv2dNativeBackpropInput'

/**
 * Whether groups have fewer input channels than there are groups. Then a convolution is a sum over the groups' input
 * channels, each a depthwise convolution of `groups` channels: one if it is depthwise itself, and never one for each group.
 */
export const isNarrow = (groupChannels: number, { groups }: ConvolutionGeometry): boolean => groupChannels < groups

/** `y[…, g·O + o] = Σ_i x[…, g·I + i] ∗ filter[…, i, g·O + o]` for I input and O output channels a group. */
export function groupedConvolution(x: Tensor4D, filter: Tensor4D, geometry: ConvolutionGeometry): Tensor4D {
  return sumOf(
    channelsOfGroups(filter).map((index) => {
      const inputs = { x: imagesOf(x, geometry.groups, index), filter: filterOf(filter, geometry, index) }
      return depthwise(inputs, geometry)
    }),
  )
}

/** The adjoint of `groupedConvolution` in x, without dilation. */
export function groupedInputGradient(
  dy: Tensor4D,
  filter: Tensor4D,
  geometry: ConvolutionGeometry,
  inputSize: Pair,
): Tensor4D {
  const inputShape = [dy.shape[0], ...inputSize, geometry.groups]
  const parts = channelsOfGroups(filter).map((index) => {
    const inputs = { dy, filter: filterOf(filter, geometry, index) }
    return stockConvolution(inputGradient, inputs, geometry, { inputShape })
  })
  if (parts.length === 1) return itemAt(parts, 0)
  const pixels = dy.shape[0] * inputSize[0] * inputSize[1]
  const columns = parts.map((part) => tf.reshape(part, [pixels, geometry.groups, 1]))
  return tf.reshape(tf.concat(columns, 2), [dy.shape[0], ...inputSize, geometry.groups * parts.length])
}

/**
 * The adjoint of `groupedConvolution` in the filter, as a depthwise convolution too: of every channel of every image by its
 * dy, with stride and dilation exchanged, summed over the images. Stock kernels have one thread for each weight.
 */
export function groupedFilterGradient(
  x: Tensor4D,
  dy: Tensor4D,
  { stride, padding, dilation, groups }: ConvolutionGeometry,
  kernelSize: Pair,
): Tensor4D {
  const [batch, height, width, channels] = x.shape
  const [, rows, columns, outChannels] = dy.shape
  const filter: Tensor4D = tf.reshape(tf.transpose(dy, [1, 2, 0, 3]), [
    rows,
    columns,
    batch * groups,
    outChannels / groups,
  ])
  const geometry = { stride: dilation, padding, dilation: stride, groups }
  const parts = Array.from({ length: channels / groups }, (_, index) => {
    const images = tf.transpose(imagesOf(x, groups, index), [1, 2, 0, 3]) // [height, width, batch, groups]
    const inputs = { x: tf.reshape(images, [1, height, width, batch * groups]) as Tensor4D, filter }
    const whole = depthwise(inputs, geometry)
    const [, tall, wide] = whole.shape
    const taps = tf.sum(tf.reshape(whole, [tall, wide, batch, outChannels]), 2, true)
    // Where the stride does not divide evenly, the rows and columns that no window reached give extra taps.
    return tf.slice(taps, [0, 0, 0, 0], [...kernelSize, 1, outChannels]) as Tensor4D
  })
  return parts.length === 1 ? itemAt(parts, 0) : tf.concat(parts, 2)
}

/** A depthwise convolution. tfjs-backend-cpu's refuses stride together with dilation: it runs at stride 1, and every stride-th result is taken. */
function depthwise(inputs: { x: Tensor4D; filter: Tensor4D }, geometry: ConvolutionGeometry): Tensor4D {
  const { stride } = geometry
  const both = isDilated(geometry) && (stride[0] > 1 || stride[1] > 1)
  if (!both) return stockConvolution('DepthwiseConv2dNative', inputs, geometry)
  const whole = stockConvolution('DepthwiseConv2dNative', inputs, { ...geometry, stride: [1, 1] })
  return tf.stridedSlice(whole, [0, 0, 0, 0], whole.shape, [1, ...stride, 1]) as Tensor4D // its type forgets the rank
}

const channelsOfGroups = (filter: Tensor4D): number[] => Array.from({ length: filter.shape[2] }, (_, index) => index)

/** Input channel `index` of every group: `[batch, height, width, groups]`. */
function imagesOf(x: Tensor4D, groups: number, index: number): Tensor4D {
  const [batch, height, width, channels] = x.shape
  if (channels === groups) return x
  const pixels = batch * height * width
  const part = tf.slice(tf.reshape(x, [pixels, groups, channels / groups]), [0, 0, index], [pixels, groups, 1])
  return tf.reshape(part, [batch, height, width, groups])
}

/** The weights of that channel: `[kernelHeight, kernelWidth, groups, outChannels / groups]`. */
function filterOf(filter: Tensor4D, { groups }: ConvolutionGeometry, index: number): Tensor4D {
  const [height, width, , outChannels] = filter.shape
  const part = tf.slice(filter, [0, 0, index, 0], [height, width, 1, outChannels])
  return tf.reshape(part, [height, width, groups, outChannels / groups])
}

const sumOf = (parts: Tensor4D[]): Tensor4D => (parts.length === 1 ? itemAt(parts, 0) : tf.addN(parts))
