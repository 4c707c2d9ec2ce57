import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { convolve, geometryOf, type StockGeometry } from './convolution.ts'
import { kernel } from './kernel.ts'

/** tfjs's kernel of a convolution on the CPU; see `convolve` for what tfjs-node's own leaves to chance. */
export const conv2d: KernelConfig = kernel<
  { x: Tensor4D; filter: Tensor4D },
  StockGeometry & { readonly dataFormat?: string }
>('Conv2D', (executor, { x, filter }, { dataFormat = 'NHWC', ...stock }) => {
  if (dataFormat !== 'NHWC') {
    throw new Error(`Conv2D: TensorFlow's CPU does not support dataFormat ${dataFormat}. Transpose the images to NHWC.`)
  }
  return convolve(executor, x, filter, geometryOf(x.shape, filter.shape, stock, false))
})
