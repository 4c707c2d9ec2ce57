import type { ConvolutionGeometry, Pair } from '@ddnet/ops'
import { concat, pad, reshape, slice, split, type Tensor4D } from '@tensorflow/tfjs-core'
import type { AttributeValue } from './kernel.ts'

/** The attributes that TensorFlow's three convolution ops share. */
export const convolutionAttributes = ({
  stride,
  padding: [vertical, horizontal],
  dilation,
}: Omit<ConvolutionGeometry, 'groups'>): Record<string, AttributeValue> => ({
  strides: { int: [1, ...stride, 1] },
  padding: 'EXPLICIT',
  explicit_paddings: { int: [0, 0, ...vertical, ...horizontal, 0, 0] },
  dilations: { int: [1, ...dilation, 1] },
  data_format: 'NHWC',
  use_cudnn_on_gpu: true,
})

/** Runs a convolution's gradient group by group; TensorFlow has grouped gradients on GPUs only. */
export function byGroups(
  groups: number,
  a: Tensor4D,
  b: Tensor4D,
  run: (a: Tensor4D, b: Tensor4D) => Tensor4D,
): Tensor4D {
  if (groups === 1) return run(a, b)
  const bs = split(b, groups, 3)
  return concat(
    split(a, groups, 3).map((part, group) => run(part as Tensor4D, bs[group] as Tensor4D)),
    3,
  )
}

/** A kernel's size with `dilation − 1` zeros between its taps. */
export const dilatedSize = (kernelSize: Pair, dilation: Pair): Pair => [
  (kernelSize[0] - 1) * dilation[0] + 1,
  (kernelSize[1] - 1) * dilation[1] + 1,
]

/** A filter with zeros between its taps, so that it needs no dilation: TensorFlow has dilated gradients on GPUs only. */
export function dilateFilter(filter: Tensor4D, dilation: Pair): Tensor4D {
  if (dilation[0] === 1 && dilation[1] === 1) return filter
  const [height, width, inChannels, outChannels] = filter.shape
  const taps = reshape(filter, [height, 1, width, 1, inChannels * outChannels])
  const spread = pad(taps, [
    [0, 0],
    [0, dilation[0] - 1],
    [0, 0],
    [0, dilation[1] - 1],
    [0, 0],
  ])
  const whole = reshape(spread, [height * dilation[0], width * dilation[1], inChannels, outChannels])
  return slice(whole, 0, [...dilatedSize([height, width], dilation), inChannels, outChannels]) as Tensor4D
}
