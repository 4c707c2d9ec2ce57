import type { Pair } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import {
  batchToSpaceND,
  type KernelConfig,
  spaceToBatchND,
  stridedSlice,
  type Tensor4D,
  tensor1d,
} from '@tensorflow/tfjs-core'
import { convolutionAttributes, evenStrides, type Geometry, geometryOf, type StockGeometry } from './convolution.ts'
import { type Executor, kernel } from './kernel.ts'

/** TensorFlow's depthwise convolution. It has dilation on GPUs only, and one stride for both axes. */
export function depthwiseConv2d(executor: Executor, x: Tensor4D, filter: Tensor4D, geometry: Geometry): Tensor4D {
  const { stride, dilation } = geometry
  const plain = { ...geometry, stride: [1, 1] as const }
  if (dilation[0] > 1 || dilation[1] > 1) return everyStride(dilated(executor, x, filter, plain), stride)
  if (stride[0] !== stride[1]) {
    return everyStride(depthwiseConv2d(executor, x, filter, plain), stride)
  }
  return executor.execute('DepthwiseConv2dNative', [x, filter], convolutionAttributes(geometry))
}

/** Of a result at stride 1, what larger strides give. */
const everyStride = (y: Tensor4D, stride: Pair): Tensor4D =>
  stride[0] === 1 && stride[1] === 1 ? y : (stridedSlice(y, [0, 0, 0, 0], y.shape, [1, ...stride, 1]) as Tensor4D)

/** Every dilation-th row and column is an image of its own, convolved without dilation. */
function dilated(executor: Executor, x: Tensor4D, filter: Tensor4D, { padding, dilation }: Geometry): Tensor4D {
  const extra = ([0, 1] as const).map((axis) => {
    const size = itemAt(x.shape, axis + 1) + padding[axis][0] + padding[axis][1]
    return Math.ceil(size / dilation[axis]) * dilation[axis] - size
  })
  const images = spaceToBatchND(
    x,
    [...dilation],
    padding.map(([before, after], axis) => [before, after + itemAt(extra, axis)]),
  )
  const y = executor.execute<Tensor4D>(
    'DepthwiseConv2dNative',
    [images, filter],
    convolutionAttributes({
      stride: [1, 1],
      padding: [
        [0, 0],
        [0, 0],
      ],
      dilation: [1, 1],
    }),
  )
  return batchToSpaceND(
    y,
    [...dilation],
    extra.map((after) => [0, after]),
  )
}

/** tfjs's depthwise kernel; tfjs-node's own gives TensorFlow what its CPU has not. */
export const depthwiseConv2dNative: KernelConfig = kernel<{ x: Tensor4D; filter: Tensor4D }, StockGeometry>(
  'DepthwiseConv2dNative',
  (executor, { x, filter }, stock) =>
    depthwiseConv2d(executor, x, filter, geometryOf(x.shape, filter.shape, stock, true)),
)

/** tfjs's kernel of its input gradient, without dilation; tfjs-node's own forgets padding by numbers. */
export const depthwiseConv2dNativeBackpropInput: KernelConfig = kernel<
  { dy: Tensor4D; filter: Tensor4D },
  StockGeometry & { readonly inputShape: [number, number, number, number] }
>('DepthwiseConv2dNativeBackpropInput', ({ execute }, { dy, filter }, { inputShape, ...stock }) => {
  const [, height, width] = inputShape
  const [kernelHeight, kernelWidth] = filter.shape
  const geometry = geometryOf(inputShape, filter.shape, stock, true)
  const even = evenStrides(dy, [height, width], [kernelHeight, kernelWidth], geometry)
  const inputs = [tensor1d(inputShape, 'int32'), filter, even.dy]
  return execute('DepthwiseConv2dNativeBackpropInput', inputs, convolutionAttributes(even.geometry))
})
