import type { ConvolutionGeometry, Pair } from '@ddnet/ops'
import { type KernelConfig, type Tensor4D, tensor1d } from '@tensorflow/tfjs-core'
import { byGroups, convolutionAttributes, dilateFilter } from './convolution.ts'
import { kernel } from './kernel.ts'

/** TensorFlow's `Conv2DBackpropInput`: the gradient of a convolution in its input, and so transposed convolution. */
export const conv2dInputGradient: KernelConfig = kernel<
  { dy: Tensor4D; filter: Tensor4D },
  ConvolutionGeometry & { readonly inputSize: Pair }
>('conv2dInputGradient', ({ execute }, { dy, filter }, { stride, padding, dilation, groups, inputSize }) =>
  byGroups(groups, dy, dilateFilter(filter, dilation), (dy, filter) => {
    const shape = tensor1d([dy.shape[0], ...inputSize, filter.shape[2]], 'int32')
    const attributes = convolutionAttributes({ stride, padding, dilation: [1, 1] })
    return execute<Tensor4D>('Conv2DBackpropInput', [shape, filter, dy], attributes)
  }),
)
