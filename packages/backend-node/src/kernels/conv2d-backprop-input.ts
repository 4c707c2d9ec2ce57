import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { convolveInputGradient, geometryOf, type StockGeometry } from './convolution.ts'
import { kernel } from './kernel.ts'

/** tfjs's kernel of a convolution's input gradient; tfjs-node's own refuses padding by numbers. */
export const conv2dBackpropInput: KernelConfig = kernel<
  { dy: Tensor4D; filter: Tensor4D },
  StockGeometry & { readonly inputShape: [number, number, number, number] }
>('Conv2DBackpropInput', (executor, { dy, filter }, { inputShape, ...stock }) => {
  return convolveInputGradient(executor, inputShape, filter, dy, geometryOf(inputShape, filter.shape, stock, false))
})
