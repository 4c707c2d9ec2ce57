import type { Pair } from '@ddnet/ops'
import { backend_util, pad, reshape, slice, type Tensor, type Tensor4D, tensor1d } from '@tensorflow/tfjs-core'
import type { Attributes, AttributeValue, Executor } from './kernel.ts'

/** The attributes of tfjs's convolution kernels; padding in any of its forms. */
export interface StockGeometry {
  readonly strides: number | Pair
  readonly pad: Parameters<typeof backend_util.computeConv2DInfo>[4]
  readonly dilations?: number | Pair
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

/** Stride, padding and dilation of a convolution of images `[batch, height, width, channels]`. */
export interface Geometry {
  readonly stride: Pair
  readonly padding: readonly [Pair, Pair]
  readonly dilation: Pair
}

type Shape = [number, number, number, number]

/** The geometry that tfjs's attributes mean. */
export function geometryOf(xShape: Shape, filterShape: Shape, stock: StockGeometry, depthwise: boolean): Geometry {
  const { strides, dilations = 1, dimRoundingMode } = stock
  const info = backend_util.computeConv2DInfo(
    xShape,
    filterShape,
    strides as [number, number],
    dilations as [number, number],
    stock.pad,
    dimRoundingMode,
    depthwise,
  )
  const { top, bottom, left, right } = info.padInfo
  return {
    stride: [info.strideHeight, info.strideWidth],
    padding: [
      [top, bottom],
      [left, right],
    ],
    dilation: [info.dilationHeight, info.dilationWidth],
  }
}

/** The attributes that TensorFlow's convolution ops share. */
export const convolutionAttributes = ({
  stride,
  padding: [vertical, horizontal],
  dilation,
}: Geometry): Record<string, AttributeValue> => ({
  strides: { int: [1, ...stride, 1] },
  padding: 'EXPLICIT',
  explicit_paddings: { int: [0, 0, ...vertical, ...horizontal, 0, 0] },
  dilations: { int: [1, ...dilation, 1] },
  data_format: 'NHWC',
})

/** A convolution. */
export function convolve(executor: Executor, x: Tensor4D, filter: Tensor4D, geometry: Geometry): Tensor4D {
  const inputs = [widened(x, 3), widened(widened(filter, 2), 3)]
  const y = execute(executor, 'Conv2D', inputs, geometry, x.shape, filter.shape)
  return narrowed(y, [...y.shape.slice(0, 3), filter.shape[3]])
}

/** The gradient of a convolution of `xShape` in its input. */
export function convolveInputGradient(
  executor: Executor,
  xShape: Shape,
  filter: Tensor4D,
  dy: Tensor4D,
  geometry: Geometry,
): Tensor4D {
  const wide = tensor1d([...xShape.slice(0, 3), wideSize(xShape[3])], 'int32')
  const inputs = [wide, widened(widened(filter, 2), 3), widened(dy, 3)]
  return narrowed(execute(executor, 'Conv2DBackpropInput', inputs, geometry, xShape, filter.shape), xShape)
}

/** The gradient of a convolution by `filterShape` in its filter. */
export function convolveFilterGradient(
  executor: Executor,
  x: Tensor4D,
  filterShape: Shape,
  dy: Tensor4D,
  geometry: Geometry,
): Tensor4D {
  const wide = tensor1d([filterShape[0], filterShape[1], wideSize(filterShape[2]), wideSize(filterShape[3])], 'int32')
  const inputs = [widened(x, 3), wide, widened(dy, 3)]
  return narrowed(execute(executor, 'Conv2DBackpropFilter', inputs, geometry, x.shape, filterShape), filterShape)
}

/**
 * Runs one of TensorFlow's convolution ops. Where TensorFlow has a name for the padding it gets the name: the gradients are
 * handed to oneDNN, which is faster, only by name.
 */
function execute(
  executor: Executor,
  op: string,
  inputs: readonly Tensor[],
  geometry: Geometry,
  [, height, width]: Shape,
  [kernelHeight, kernelWidth]: Shape,
): Tensor4D {
  const { explicit_paddings, ...attributes } = convolutionAttributes(geometry)
  const named = namedPadding(geometry, [height, width], [kernelHeight, kernelWidth])
  const padding = named === undefined ? { explicit_paddings } : { padding: named }
  const all = { ...attributes, ...padding, use_cudnn_on_gpu: true } as Attributes
  const isTrusted = executor.isGpu || isOrdinary(geometry, [kernelHeight, kernelWidth])
  return isTrusted ? executor.execute(op, inputs, all) : executor.executeInDouble(op, inputs, all)
}

/**
 * Whether oneDNN is right for such a convolution on every processor. For kernels of one row or column with strides, and strides
 * that differ, TensorFlow 2.21's gives wrong filter gradients (AVX2: 1 × 1, stride 2) and writes outside its memory
 * (AVX-512: 1 × 1, strides [1, 2]).
 */
const isOrdinary = ({ stride, padding, dilation }: Geometry, kernelSize: Pair): boolean =>
  stride[0] === stride[1] &&
  kernelSize.every((size) => size > 1 || stride[0] === 1) &&
  dilatedSize(kernelSize, dilation).every((reach, axis) => padding[axis as 0 | 1].every((zeros) => zeros < reach))

/**
 * One channel becomes two, the second of zeros. Of one channel a layout by channels and one by pixels are the same to oneDNN,
 * and it takes the wrong strides: TensorFlow 2.21 itself, in Python too, gives wrong values for some shapes (one input
 * channel, several images, strides [1, 2], results one pixel wide), and for others writes outside its memory (one output channel, 1 × 1, strides [1, 2]).
 */
const wideSize = (channels: number): number => (channels === 1 ? 2 : channels)

function widened(x: Tensor4D, axis: 2 | 3): Tensor4D {
  if (x.shape[axis] !== 1) return x
  const padding = [0, 1, 2, 3].map((each): [number, number] => [0, each === axis ? 1 : 0])
  return pad(x, padding)
}

const narrowed = (x: Tensor4D, shape: readonly number[]): Tensor4D =>
  x.shape.every((size, axis) => size === shape[axis]) ? x : slice(x, [0, 0, 0, 0], shape as Shape)

/** TensorFlow's name of a padding, if it has one: SAME gives `⌈size / stride⌉`, and the odd zero comes last. */
function namedPadding(
  { stride, padding, dilation }: Geometry,
  size: Pair,
  kernelSize: Pair,
): 'SAME' | 'VALID' | undefined {
  if (padding.flat().every((zeros) => zeros === 0)) return 'VALID'
  const reach = dilatedSize(kernelSize, dilation)
  const isSame = ([0, 1] as const).every((axis) => {
    const [before, after] = padding[axis]
    const total = Math.max(0, (Math.ceil(size[axis] / stride[axis]) - 1) * stride[axis] + reach[axis] - size[axis])
    return before === Math.floor(total / 2) && after === total - before
  })
  return isSame ? 'SAME' : undefined
}

/** A kernel's size with `dilation − 1` zeros between its taps. */
export const dilatedSize = (kernelSize: Pair, dilation: Pair): Pair => [
  (kernelSize[0] - 1) * dilation[0] + 1,
  (kernelSize[1] - 1) * dilation[1] + 1,
]

/**
 * dy and the geometry of the gradients at stride 1, for TensorFlow's depthwise gradients, which have no uneven strides:
 * dy with zeros where the stride skipped pixels.
 */
export function evenStrides(
  dy: Tensor4D,
  size: Pair,
  kernelSize: Pair,
  geometry: Geometry,
): { dy: Tensor4D; geometry: Geometry } {
  const { stride, padding } = geometry
  if (stride[0] === stride[1]) return { dy, geometry }
  const [batch, rows, columns, channels] = dy.shape
  const spread = pad(reshape(dy, [batch * rows, 1, columns, 1, channels]), [
    [0, 0],
    [0, stride[0] - 1],
    [0, 0],
    [0, stride[1] - 1],
    [0, 0],
  ])
  const whole = reshape(spread, [batch, rows * stride[0], columns * stride[1], channels])
  const sizeAtOne = (axis: 0 | 1): number => size[axis] + padding[axis][0] + padding[axis][1] - kernelSize[axis] + 1
  const [height, width] = [sizeAtOne(0), sizeAtOne(1)]
  const [tall, wide] = [Math.min(height, rows * stride[0]), Math.min(width, columns * stride[1])]
  const around = pad(slice(whole, 0, [batch, tall, wide, channels]), [
    [0, 0],
    [0, height - tall],
    [0, width - wide],
    [0, 0],
  ]) as Tensor4D // its type forgets the rank
  return { dy: around, geometry: { ...geometry, stride: [1, 1] } }
}
