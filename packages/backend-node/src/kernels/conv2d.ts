import type { ConvolutionGeometry } from '@ddnet/ops'
import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { convolutionAttributes } from './convolution.ts'
import { kernel } from './kernel.ts'

/** TensorFlow's `Conv2D`, which takes every stride, padding, dilation and group count. */
export const conv2d: KernelConfig = kernel<{ x: Tensor4D; filter: Tensor4D }, ConvolutionGeometry>(
  'conv2d',
  ({ execute }, { x, filter }, geometry) => execute('Conv2D', [x, filter], convolutionAttributes(geometry)),
)
