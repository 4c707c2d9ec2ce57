/**
 * tfjs's functions, computed by the operators of @ddnet/ops that have other names, options or defaults.
 *
 * Arguments for which ops has no counterpart (other layouts and ranks, padding on one side, integers, lists in the place of
 * tensors) go to tfjs's own function, whose kernels then lack a gradient.
 */
import * as ops from '@ddnet/ops'
import { itemAt, lastItem, tuple } from '@ddnet/ops/checks'
import * as tf from '@tensorflow/tfjs-core'

type Pair = [number, number]
type Strides = number | number[]
type Padding = Parameters<typeof tf.conv2d>[3]
type Rounding = 'floor' | 'round' | 'ceil'

const floats = (...xs: unknown[]): boolean => xs.every((x) => x instanceof tf.Tensor && x.dtype === 'float32')

/** ops' images come in batches. */
function batched<T extends tf.Tensor>(x: T, operator: (x: tf.Tensor4D) => tf.Tensor): T {
  if (x.rank === 4) return operator(x as unknown as tf.Tensor4D) as T
  const y = operator(ops.reshape(x, [1, ...x.shape] as [number, number, number, number]))
  return ops.reshape(y, y.shape.slice(1)) as unknown as T
}

const isImage = (x: tf.Tensor): boolean => floats(x) && (x.rank === 3 || x.rank === 4)

const both = (size: Strides): Pair => (typeof size === 'number' ? [size, size] : [itemAt(size, 0), lastItem(size)])

type Sides = [before: number, after: number]

/** What tfjs's padding adds to the height and the width of an image. */
function sides(x: tf.Tensor, kernel: Pair, stride: Pair, dilation: Pair, padding: Padding): [Sides, Sides] | undefined {
  if (typeof padding === 'number') {
    const side: Sides = [padding, padding]
    return Number.isInteger(padding) && padding >= 0 ? [side, side] : undefined
  }
  const shape = tuple([1, ...x.shape].slice(-4), 4)
  const { top, bottom, left, right } = tf.backend_util.computePool2DInfo(
    shape,
    kernel,
    stride,
    dilation,
    padding,
  ).padInfo
  return [
    [top, bottom],
    [left, right],
  ]
}

/** A convolution as ops has it: padded by as much on both sides; other padding comes first. */
const convolve = <T extends tf.Tensor>(
  x: T,
  [rows, columns]: [Sides, Sides],
  operator: (x: tf.Tensor4D, padding: Pair) => tf.Tensor,
): T =>
  batched(x, (x) => {
    const isEven = [rows, columns].every(([before, after]) => before === after)
    return isEven ? operator(x, [rows[0], columns[0]]) : operator(ops.pad(x, [[0, 0], rows, columns, [0, 0]]), [0, 0])
  })

export function conv2d<T extends tf.Tensor3D | tf.Tensor4D>(
  x: T,
  filter: tf.Tensor4D,
  strides: Pair | number,
  pad: Padding,
  dataFormat: 'NHWC' | 'NCHW' = 'NHWC',
  dilations: Pair | number = 1,
  rounding?: Rounding,
): T {
  const own = isImage(x) && floats(filter) && filter.rank === 4 && x.shape.at(-1) === filter.shape[2]
  const stride = both(strides)
  const dilation = both(dilations)
  const padding =
    own && dataFormat === 'NHWC' && rounding === undefined
      ? sides(x, [filter.shape[0], filter.shape[1]], stride, dilation, pad)
      : undefined
  return padding === undefined
    ? tf.conv2d(x, filter, strides, pad, dataFormat, dilations, rounding)
    : convolve(x, padding, (x, padding) => ops.conv2d(x, filter, { stride, padding, dilation }))
}

export function depthwiseConv2d<T extends tf.Tensor3D | tf.Tensor4D>(
  x: T,
  filter: tf.Tensor4D,
  strides: Pair | number,
  pad: Padding,
  dataFormat: 'NHWC' | 'NCHW' = 'NHWC',
  dilations: Pair | number | null = 1,
  rounding?: Rounding,
): T {
  const own = isImage(x) && floats(filter) && filter.rank === 4 && x.shape.at(-1) === filter.shape[2]
  const stride = both(strides)
  const dilation = both(dilations ?? 1)
  const padding =
    own && dataFormat === 'NHWC' && rounding === undefined
      ? sides(x, [filter.shape[0], filter.shape[1]], stride, dilation, pad)
      : undefined
  return padding === undefined
    ? tf.depthwiseConv2d(x, filter, strides, pad, dataFormat, dilations ?? 1, rounding)
    : convolve(x, padding, (x, padding) => ops.depthwiseConv2d(x, filter, { stride, padding, dilation }))
}

export function separableConv2d<T extends tf.Tensor3D | tf.Tensor4D>(
  x: T,
  depthwise: tf.Tensor4D,
  pointwise: tf.Tensor4D,
  strides: Pair | number,
  pad: 'valid' | 'same',
  dilation: Pair | number = 1,
  dataFormat: 'NHWC' | 'NCHW' = 'NHWC',
): T {
  const own = floats(x, depthwise, pointwise) && [x, depthwise, pointwise].every(({ rank }) => rank === 4)
  const fits = own && pointwise.shape[0] === 1 && pointwise.shape[1] === 1 && dataFormat === 'NHWC'
  const kernel: Pair = [depthwise.shape?.[0], depthwise.shape?.[1]]
  const padding = fits ? sides(x, kernel, both(strides), both(dilation), pad) : undefined
  const channels = fits ? depthwise.shape[2] * depthwise.shape[3] : 0
  return padding === undefined || pointwise.shape[2] !== channels
    ? tf.separableConv2d(x, depthwise, pointwise, strides, pad, dilation, dataFormat)
    : convolve(x, padding, (x, padding) =>
        ops.separableConv2d(x, depthwise, pointwise, { stride: both(strides), padding, dilation: both(dilation) }),
      )
}

export function conv1d<T extends tf.Tensor2D | tf.Tensor3D>(
  x: T,
  filter: tf.Tensor3D,
  stride: number,
  pad: Parameters<typeof tf.conv1d>[3],
  dataFormat: 'NWC' | 'NCW' = 'NWC',
  dilation = 1,
  rounding?: Rounding,
): T {
  const own = floats(x, filter) && x.rank === 3 && filter.rank === 3 && x.shape[2] === filter.shape[1]
  const simple = rounding === undefined && (pad === 'valid' || (typeof pad === 'number' && Number.isInteger(pad)))
  return own && simple && stride > 0 && dilation > 0 && (stride === 1 || dilation === 1)
    ? (ops.conv1d(x, filter, { stride, padding: pad, dilation }) as T)
    : tf.conv1d(x, filter, stride, pad, dataFormat, dilation, rounding)
}

export function conv2dTranspose<T extends tf.Tensor3D | tf.Tensor4D>(
  x: T,
  filter: tf.Tensor4D,
  outputShape: [number, number, number, number] | [number, number, number],
  strides: Pair | number,
  pad: Padding,
  rounding?: Rounding,
): T {
  const stock = (): T => tf.conv2dTranspose(x, filter, outputShape, strides, pad, rounding)
  if (!floats(x, filter) || x.rank !== 4 || filter.rank !== 4 || rounding !== undefined) return stock()
  if (x.shape[3] !== filter.shape[3]) return stock()
  const stride = both(strides)
  const kernel: Pair = [filter.shape[0], filter.shape[1]]
  const shape = [...outputShape.slice(0, 3), filter.shape[2]] as [number, number, number, number]
  const { padInfo } = tf.backend_util.computePool2DInfo(shape, kernel, stride, 1, pad)
  const padding: Pair = [padInfo.top, padInfo.left]
  const outputPadding = [0, 1].map((axis) => {
    const size = (itemAt(x.shape, axis + 1) - 1) * itemAt(stride, axis) + itemAt(kernel, axis)
    return itemAt(shape, axis + 1) - size + 2 * itemAt(padding, axis)
  }) as Pair
  if (outputPadding.some((extra, axis) => extra < 0 || extra >= itemAt(stride, axis))) return stock()
  return ops.convTranspose2d(x, filter, { stride, padding, outputPadding }) as T
}

export function maxPool<T extends tf.Tensor3D | tf.Tensor4D>(
  x: T,
  filterSize: Pair | number,
  strides: Pair | number,
  pad: Padding,
  rounding?: Rounding,
): T {
  const padding = poolPadding(x, both(filterSize), both(strides), pad, rounding)
  return padding === undefined
    ? tf.maxPool(x, filterSize, strides, pad, rounding)
    : batched(x, (x) => ops.maxPool2d(x, { kernelSize: both(filterSize), stride: both(strides), padding }))
}

export function avgPool<T extends tf.Tensor3D | tf.Tensor4D>(
  x: T,
  filterSize: Pair | number,
  strides: Pair | number,
  pad: Padding,
  rounding?: Rounding,
): T {
  const padding = poolPadding(x, both(filterSize), both(strides), pad, rounding)
  return padding === undefined
    ? tf.avgPool(x, filterSize, strides, pad, rounding)
    : batched(x, (x) =>
        ops.avgPool2d(x, { kernelSize: both(filterSize), stride: both(strides), padding, countIncludePad: false }),
      )
}

/** PyTorch pads by half a window at most. */
function poolPadding(x: tf.Tensor, kernel: Pair, stride: Pair, pad: Padding, rounding?: Rounding): Pair | undefined {
  if (!isImage(x) || rounding !== undefined) return undefined
  const padding = sides(x, kernel, stride, [1, 1], pad)
  const allowed = padding?.every(([before, after], axis) => before === after && 2 * before <= itemAt(kernel, axis))
  return allowed ? (padding?.map(([before]) => before) as Pair) : undefined
}

type BatchNorm = (
  x: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
  offset?: tf.Tensor | null,
  scale?: tf.Tensor | null,
  eps?: number,
) => tf.Tensor

/** With one number a channel, it is inference with running statistics. */
const adaptBatchNorm =
  (stock: BatchNorm): BatchNorm =>
  (x, mean, variance, offset, scale, eps = 0.001) => {
    const given = [mean, variance, offset, scale].filter((each) => each != null)
    if (!floats(x, ...given) || x.rank < 2 || given.some(({ rank }) => rank !== 1)) {
      return stock(x, mean, variance, offset, scale, eps)
    }
    const statistics = { runningMean: mean, runningVar: variance }
    const bias = offset == null ? {} : { bias: offset }
    const weight = scale == null ? {} : { weight: scale }
    return ops.batchNorm(x, { ...statistics, ...bias, ...weight, eps }).y
  }

export const batchNorm: BatchNorm = adaptBatchNorm(tf.batchNorm as BatchNorm)
export const batchNorm2d: BatchNorm = adaptBatchNorm(tf.batchNorm2d as BatchNorm)
export const batchNorm3d: BatchNorm = adaptBatchNorm(tf.batchNorm3d as BatchNorm)
export const batchNorm4d: BatchNorm = adaptBatchNorm(tf.batchNorm4d as BatchNorm)

export const leakyRelu = <T extends tf.Tensor>(x: T, alpha = 0.2): T =>
  floats(x) ? (ops.leakyRelu(x, { negativeSlope: alpha }) as T) : tf.leakyRelu(x, alpha)

export const prelu = <T extends tf.Tensor>(x: T, alpha: T): T =>
  floats(x, alpha) && alpha.rank === 1 ? (ops.prelu(x, alpha) as T) : tf.prelu(x, alpha)

export const clipByValue = <T extends tf.Tensor>(x: T, min: number, max: number): T =>
  floats(x) && min <= max ? (ops.clamp(x, { min, max }) as T) : tf.clipByValue(x, min, max)

export const pad = <T extends tf.Tensor>(x: T, paddings: Pair[], value = 0): T =>
  floats(x) && paddings.length === x.rank ? ops.pad(x, paddings, { value }) : tf.pad(x, paddings, value)

export const mirrorPad = <T extends tf.Tensor>(x: T, paddings: Pair[], mode: 'reflect' | 'symmetric'): T =>
  floats(x) && mode === 'reflect' && paddings.length === x.rank && x.rank > 0
    ? ops.pad(x, paddings, { mode })
    : tf.mirrorPad(x, paddings, mode)

export function split<T extends tf.Tensor>(x: T, sizes: number | number[], axis = 0): T[] {
  if (!floats(x)) return tf.split(x, sizes, axis)
  if (typeof sizes !== 'number') return sizes.includes(-1) ? tf.split(x, sizes, axis) : ops.split(x, sizes, axis)
  const even = itemAt(x.shape, axis < 0 ? axis + x.rank : axis) % sizes === 0 && x.size > 0
  return even ? ops.chunk(x, sizes, axis) : tf.split(x, sizes, axis)
}

export const topk = <T extends tf.Tensor>(x: T, k = 1, sorted = true): { values: T; indices: T } =>
  floats(x) && x.rank > 0 && k >= 0 && k <= lastItem(x.shape)
    ? (ops.topK(x, k) as { values: T; indices: T })
    : tf.topk(x, k, sorted)

export const cumsum = <T extends tf.Tensor>(x: T, axis = 0, exclusive = false, reverse = false): T =>
  floats(x) ? ops.cumsum(x, axis, { exclusive, reverse }) : tf.cumsum(x, axis, exclusive, reverse)

export const argMax = (x: tf.Tensor, axis = 0): tf.Tensor => (floats(x) ? ops.argMax(x, axis) : tf.argMax(x, axis))

export const argMin = (x: tf.Tensor, axis = 0): tf.Tensor => (floats(x) ? ops.argMin(x, axis) : tf.argMin(x, axis))

export const gather = <T extends tf.Tensor>(x: T, indices: tf.Tensor, axis = 0, batchDims = 0): T =>
  x instanceof tf.Tensor && indices instanceof tf.Tensor && indices.dtype === 'int32' && batchDims === 0
    ? (ops.gather(x, indices, axis) as T)
    : tf.gather(x, indices, axis, batchDims)

const { resizeBilinear, resizeNearestNeighbor } = tf.image

/** PyTorch's bilinear pixels have their centres at halves, unless the corners are aligned. */
const bilinear: typeof resizeBilinear = (x, size, alignCorners = false, halfPixelCenters = false) =>
  isImage(x as tf.Tensor) && alignCorners !== halfPixelCenters && size.every((each) => each > 0)
    ? (batched(x as tf.Tensor, (x) => ops.interpolate(x, { size, mode: 'bilinear', alignCorners })) as never)
    : resizeBilinear(x, size, alignCorners, halfPixelCenters)

const nearest: typeof resizeNearestNeighbor = (x, size, alignCorners = false, halfPixelCenters = false) =>
  isImage(x as tf.Tensor) && !alignCorners && !halfPixelCenters && size.every((each) => each > 0)
    ? (batched(x as tf.Tensor, (x) => ops.interpolate(x, { size, mode: 'nearest' })) as never)
    : resizeNearestNeighbor(x, size, alignCorners, halfPixelCenters)

export const image: typeof tf.image = { ...tf.image, resizeBilinear: bilinear, resizeNearestNeighbor: nearest }
