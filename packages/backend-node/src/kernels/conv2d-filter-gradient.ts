import type { ConvolutionGeometry, Pair } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import {
  addN,
  concat,
  type KernelConfig,
  pad,
  reshape,
  slice,
  split,
  stridedSlice,
  type Tensor4D,
  tensor1d,
  zeros,
} from '@tensorflow/tfjs-core'
import { convolutionAttributes, convolveFilterGradient, dilatedSize, evenStrides } from './convolution.ts'
import { type Executor, kernel } from './kernel.ts'

/**
 * The gradient of a convolution in its filter, by TensorFlow's `Conv2DBackpropFilter` and `DepthwiseConv2dNativeBackpropFilter`.
 * Those have dilation on GPUs only: take the gradient of the filter with zeros between its taps, and of that the taps.
 */
export const conv2dFilterGradient: KernelConfig = kernel<
  { x: Tensor4D; dy: Tensor4D },
  ConvolutionGeometry & { readonly kernelSize: Pair }
>('conv2dFilterGradient', (executor, { x, dy }, { kernelSize, ...geometry }) => {
  const { groups, dilation } = geometry
  // Of no images, TensorFlow's depthwise op leaves memory as it was.
  if (x.shape[0] === 0) return zeros([...kernelSize, x.shape[3] / groups, dy.shape[3]])
  const size = dilatedSize(kernelSize, dilation)
  const dense = { ...geometry, dilation: [1, 1] as const }
  const gradient = x.shape[3] / groups < groups ? byChannel : byGroup
  const parts = inParts(x, dy, dense, size).map((part) => gradient(executor, part.x, part.dy, part.geometry, size))
  const whole = parts.length === 1 ? itemAt(parts, 0) : addN(parts)
  if (dilation[0] === 1 && dilation[1] === 1) return whole
  return stridedSlice(whole, [0, 0, 0, 0], whole.shape, [...dilation, 1, 1])
})

/** Places that TensorFlow's ops may add up in sequence: of a million the sums of values about 100 are off by a hundredth. */
const maxPlaces = 2 ** 15

interface Part {
  readonly x: Tensor4D
  readonly dy: Tensor4D
  readonly geometry: ConvolutionGeometry
}

/** Images and their gradients in parts, some images or some rows of one, whose filter gradients add up to that of the whole. */
function inParts(x: Tensor4D, dy: Tensor4D, geometry: ConvolutionGeometry, kernelSize: Pair): Part[] {
  const [batch, rows, columns, outChannels] = dy.shape
  if (batch * rows * columns <= maxPlaces) return [{ x, dy, geometry }]
  const images = Math.max(1, Math.floor(maxPlaces / (rows * columns)))
  const height = Math.min(rows, Math.max(1, Math.floor(maxPlaces / columns)))
  const { stride, padding } = geometry
  const padded = pad(x, [[0, 0], [...padding[0]], [...padding[1]], [0, 0]])
  const none = {
    ...geometry,
    padding: [
      [0, 0],
      [0, 0],
    ] as const,
  }
  const parts: Part[] = []
  for (let image = 0; image < batch; image += images) {
    for (let row = 0; row < rows; row += height) {
      const [count, tall] = [Math.min(images, batch - image), Math.min(height, rows - row)]
      const seen = (tall - 1) * stride[0] + kernelSize[0]
      parts.push({
        x: slice(padded, [image, row * stride[0], 0, 0], [count, seen, padded.shape[2], padded.shape[3]]),
        dy: slice(dy, [image, row, 0, 0], [count, tall, columns, outChannels]),
        geometry: none,
      })
    }
  }
  return parts
}

/** Groups one by one. */
function byGroup(executor: Executor, x: Tensor4D, dy: Tensor4D, geometry: ConvolutionGeometry, size: Pair): Tensor4D {
  const gradient = (x: Tensor4D, dy: Tensor4D): Tensor4D => {
    return convolveFilterGradient(executor, x, [...size, x.shape[3], dy.shape[3]], dy, geometry)
  }
  if (geometry.groups === 1) return gradient(x, dy)
  const parts = split(dy, geometry.groups, 3)
  return concat(
    split(x, geometry.groups, 3).map((part, group) => gradient(part as Tensor4D, parts[group] as Tensor4D)),
    3,
  )
}

/** The groups' input channels one by one, each as a depthwise convolution: fewer than the groups. */
function byChannel(
  { execute }: Executor,
  x: Tensor4D,
  dy: Tensor4D,
  geometry: ConvolutionGeometry,
  size: Pair,
): Tensor4D {
  const { groups } = geometry
  const [batch, height, width, channels] = x.shape
  const outChannels = dy.shape[3]
  const even = evenStrides(dy, [height, width], size, geometry)
  const shape = tensor1d([...size, groups, outChannels / groups], 'int32')
  const pixels = reshape(x, [batch * height * width, groups, channels / groups])
  const parts = Array.from({ length: channels / groups }, (_, index) => {
    const part = slice(pixels, [0, 0, index], [pixels.shape[0], groups, 1])
    const images = reshape(part, [batch, height, width, groups])
    const attributes = convolutionAttributes(even.geometry)
    const gradient = execute('DepthwiseConv2dNativeBackpropFilter', [images, shape, even.dy], attributes)
    return reshape(gradient, [...size, 1, outChannels]) as Tensor4D // the type of a spread shape has no rank
  })
  return concat(parts, 2)
}
