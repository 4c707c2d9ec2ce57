import { type KernelConfig, type Tensor4D, tensor1d } from '@tensorflow/tfjs-core'
import { convolve, geometryOf, type StockGeometry } from './convolution.ts'
import { kernel } from './kernel.ts'

/** tfjs's kernel of a convolution's input gradient; tfjs-node's own refuses padding by numbers. */
export const conv2dBackpropInput: KernelConfig = kernel<
  { dy: Tensor4D; filter: Tensor4D },
  StockGeometry & { readonly inputShape: [number, number, number, number] }
>('Conv2DBackpropInput', (executor, { dy, filter }, { inputShape, ...stock }) => {
  const [, height, width] = inputShape
  const [kernelHeight, kernelWidth] = filter.shape
  return convolve(
    executor,
    'Conv2DBackpropInput',
    [tensor1d(inputShape, 'int32'), filter, dy],
    geometryOf(inputShape, filter.shape, stock, false),
    [
      [height, width],
      [kernelHeight, kernelWidth],
    ],
  )
})
