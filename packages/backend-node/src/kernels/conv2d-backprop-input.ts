import { type KernelConfig, type Tensor4D, tensor1d } from '@tensorflow/tfjs-core'
import { convolutionAttributes, geometryOf, type StockGeometry } from './convolution.ts'
import { kernel } from './kernel.ts'

/** tfjs's kernel of a convolution's input gradient; tfjs-node's own refuses padding by numbers. */
export const conv2dBackpropInput: KernelConfig = kernel<
  { dy: Tensor4D; filter: Tensor4D },
  StockGeometry & { readonly inputShape: [number, number, number, number] }
>('Conv2DBackpropInput', ({ execute }, { dy, filter }, { inputShape, ...stock }) => {
  const attributes = convolutionAttributes(geometryOf(inputShape, filter.shape, stock, false))
  return execute('Conv2DBackpropInput', [tensor1d(inputShape, 'int32'), filter, dy], {
    ...attributes,
    use_cudnn_on_gpu: true,
  })
})
