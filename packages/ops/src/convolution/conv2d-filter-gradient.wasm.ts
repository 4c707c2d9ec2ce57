import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { tidy } from '@tensorflow/tfjs-core'
import { wasmKernel } from '../kernels/wasm-heap.ts'
import { conv2dFilterGradientOp } from './conv2d-op.ts'
import type { ConvolutionGeometry, Pair } from './geometry.ts'
import { filterGradientInLanes, runsInLanes } from './lanes.wasm.ts'
import { byGroups } from './rewrites.ts'

/** The filter gradient as sums over pixels of four input channels times eight output channels. */
export const conv2dFilterGradientWasm: KernelConfig = wasmKernel<
  { x: Tensor4D; dy: Tensor4D },
  ConvolutionGeometry & { kernelSize: Pair }
>('conv2dFilterGradient', ({ x, dy }, { kernelSize, ...geometry }, heap) => {
  if (runsInLanes(x.shape[3] / geometry.groups, dy.shape[3], geometry)) {
    const gradient = heap.output([...kernelSize, x.shape[3] / geometry.groups, dy.shape[3]])
    filterGradientInLanes(heap, x, dy, geometry, kernelSize, gradient)
    return gradient
  }
  if (geometry.groups > 1) {
    return tidy(() =>
      byGroups(geometry, [x, 3], [dy, 3], 3, (part, partDy, one) =>
        conv2dFilterGradientOp({ x: part, dy: partDy }, { ...one, kernelSize }),
      ),
    )
  }
  const [batch, height, width, inChannels] = x.shape
  const [, rows, columns, outChannels] = dy.shape
  const { stride, padding, dilation } = geometry
  const taps = kernelSize[0] * kernelSize[1]
  const gradient = heap.output([...kernelSize, inChannels, outChannels])
  // What the windows see, from the padding's corner; rows that none reaches are cut off.
  const paddedHeight = (rows - 1) * stride[0] + (kernelSize[0] - 1) * dilation[0] + 1
  const paddedWidth = (columns - 1) * stride[1] + (kernelSize[1] - 1) * dilation[1] + 1
  const quads = Math.ceil(inChannels / 4)
  const blocks = Math.ceil(outChannels / 8)
  const pixel = 16 // bytes in a packed plane
  const imageBytes = paddedHeight * paddedWidth * quads * pixel
  const kernelBytes = rows * columns * blocks * 32
  const offsets = Array.from({ length: taps }, (_, tap) => {
    const row = Math.floor(tap / kernelSize[1]) * dilation[0]
    return (row * paddedWidth + (tap % kernelSize[1]) * dilation[1]) * pixel
  })
  const job = heap.write('FilterGradient', {
    x: heap.address(x),
    dy: heap.address(dy),
    gradient: heap.address(gradient),
    batch,
    height,
    width,
    inChannels,
    top: padding[0][0],
    left: padding[1][0],
    paddedHeight,
    paddedWidth,
    rows,
    columns,
    outChannels,
    taps,
    offsets: heap.table(offsets),
    inputRow: stride[0] * paddedWidth * pixel,
    inputColumn: stride[1] * pixel,
    images: heap.scratch(imageBytes * heap.runner.parts),
    imagesStep: imageBytes,
    kernels: heap.scratch(kernelBytes * heap.runner.parts),
    kernelsStep: kernelBytes,
    sums: heap.scratch(blocks * taps * quads * 128),
    totals: heap.scratch(blocks * taps * quads * 256),
  })
  heap.runner.run('filterGradient', job)
  return gradient
})
