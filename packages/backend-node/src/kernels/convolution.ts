import type { Pair } from '@ddnet/ops'
import { backend_util, pad, reshape, slice, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core'
import type { AttributeValue, Executor } from './kernel.ts'
import { executeOneDnn } from './one-dnn.ts'

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

/**
 * Runs a convolution or one of its gradients over images of `size` with a kernel of `kernelSize`. oneDNN is faster, but has
 * gradients of those paddings alone that TensorFlow has a name for.
 */
export function convolve(
  executor: Executor,
  op: 'Conv2D' | 'Conv2DBackpropInput' | 'Conv2DBackpropFilter',
  inputs: readonly Tensor[],
  geometry: Geometry,
  [size, kernelSize]: readonly [Pair, Pair],
): Tensor4D {
  const attributes = convolutionAttributes(geometry)
  const named = namedPadding(geometry, size, kernelSize)
  const fitsOneDnn = executor.hasOneDnn && inputs.every((input) => input.size > 0)
  if (fitsOneDnn && (op === 'Conv2D' || named !== undefined)) {
    const { explicit_paddings: _, ...others } = attributes
    try {
      return executeOneDnn(
        executor,
        op,
        inputs,
        named === undefined ? attributes : { ...others, padding: named },
      )[0] as Tensor4D
    } catch {
      // TensorFlow's own op says what is wrong, if anything is.
    }
  }
  return executor.execute(op, inputs, { ...attributes, use_cudnn_on_gpu: true })
}

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
