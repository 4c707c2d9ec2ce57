import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { tidy } from '@tensorflow/tfjs-core'
import { wasmKernel } from '../kernels/wasm-heap.ts'
import { conv2dOp, convolvedSizes } from './conv2d-op.ts'
import { convolve } from './convolve.wasm.ts'
import type { ConvolutionGeometry } from './geometry.ts'
import { convolveInLanes, forwardLanes, runsInLanes } from './lanes.wasm.ts'
import { byGroups } from './rewrites.ts'

/** The convolution: one phase, whose windows step by the stride. */
export const conv2dWasm: KernelConfig = wasmKernel<{ x: Tensor4D; filter: Tensor4D }, ConvolutionGeometry>(
  'conv2d',
  ({ x, filter }, geometry, heap) => {
    const inLanes = runsInLanes(filter.shape[2], filter.shape[3], geometry)
    if (geometry.groups > 1 && !inLanes) {
      return tidy(() =>
        byGroups(geometry, [x, 3], [filter, 3], 3, (part, partFilter, one) =>
          conv2dOp({ x: part, filter: partFilter }, one),
        ),
      )
    }
    const [kernelHeight, kernelWidth, inChannels, outChannels] = filter.shape
    const { stride, padding, dilation } = geometry
    const size = convolvedSizes([x.shape[1], x.shape[2]], [kernelHeight, kernelWidth], geometry)
    const output = heap.output([x.shape[0], ...size, outChannels])
    const taps = Array.from({ length: kernelHeight * kernelWidth }, (_, source) => ({
      row: Math.floor(source / kernelWidth) * dilation[0] - padding[0][0],
      column: (source % kernelWidth) * dilation[1] - padding[1][0],
      source,
    }))
    const phases = [{ size, start: [0, 0], step: [1, 1], inputStep: stride, taps }] as const
    if (inLanes) convolveInLanes(heap, x, filter, forwardLanes(filter, geometry.groups), output, phases)
    else {
      const layout = { inner: inChannels, outer: outChannels, innerStep: outChannels, outerStep: 1 }
      convolve(heap, x, filter, layout, output, phases)
    }
    return output
  },
)
