import type { ConvolutionGeometry, Pair } from '@ddnet/ops'
import { type KernelConfig, stridedSlice, type Tensor4D, tensor1d } from '@tensorflow/tfjs-core'
import { byGroups, convolutionAttributes, dilatedSize } from './convolution.ts'
import { kernel } from './kernel.ts'

/** TensorFlow's `Conv2DBackpropFilter`: the gradient of a convolution in its filter. */
export const conv2dFilterGradient: KernelConfig = kernel<
  { x: Tensor4D; dy: Tensor4D },
  ConvolutionGeometry & { readonly kernelSize: Pair }
>('conv2dFilterGradient', ({ execute }, { x, dy }, { stride, padding, dilation, groups, kernelSize }) =>
  byGroups(groups, x, dy, (x, dy) => {
    // TensorFlow has dilated gradients on GPUs only: take the gradient of the filter with zeros between its taps,
    // and of that the taps.
    const shape = [...dilatedSize(kernelSize, dilation), x.shape[3], dy.shape[3]]
    const attributes = convolutionAttributes({ stride, padding, dilation: [1, 1] })
    const dense = execute<Tensor4D>('Conv2DBackpropFilter', [x, tensor1d(shape, 'int32'), dy], attributes)
    if (dilation[0] === 1 && dilation[1] === 1) return dense
    return stridedSlice(dense, [0, 0, 0, 0], shape, [...dilation, 1, 1]) as Tensor4D
  }),
)
