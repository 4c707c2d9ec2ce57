import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { tidy } from '@tensorflow/tfjs-core'
import { wasmKernel } from '../kernels/wasm-heap.ts'
import { conv2dInputGradientOp } from './conv2d-op.ts'
import { convolve } from './convolve.wasm.ts'
import type { ConvolutionGeometry, Pair } from './geometry.ts'
import { backwardLanes, convolveInLanes, runsInLanes } from './lanes.wasm.ts'
import { byGroups } from './rewrites.ts'

/** The outputs of one axis that see the same taps, and where those read for the first of them. */
interface AxisPhase {
  readonly start: number
  readonly count: number
  readonly taps: readonly { readonly at: number; readonly source: number }[]
}

/**
 * Output `y = stride·m + phase − before` sees the taps `u` with `u·dilation = stride·t + phase`, which read at `m − t`.
 * Taps are listed from the last, so that what they read comes in order.
 */
function axisPhases(size: number, kernel: number, stride: number, before: number, dilation: number): AxisPhase[] {
  return Array.from({ length: stride }, (_, phase) => {
    const first = Math.ceil((before - phase) / stride)
    const last = Math.floor((size - 1 + before - phase) / stride)
    const sources = Array.from({ length: kernel }, (_, tap) => tap).filter((tap) => (tap * dilation) % stride === phase)
    return {
      start: stride * first + phase - before,
      count: last - first + 1,
      taps: sources.reverse().map((source) => ({ at: first - (source * dilation - phase) / stride, source })),
    }
  }).filter(({ count }) => count > 0)
}

/**
 * The transposed convolution as one small convolution for each phase of the output, which multiplies no inserted zeros;
 * a phase that no tap reaches is written as zeros.
 */
export const conv2dInputGradientWasm: KernelConfig = wasmKernel<
  { dy: Tensor4D; filter: Tensor4D },
  ConvolutionGeometry & { inputSize: Pair }
>('conv2dInputGradient', ({ dy, filter }, { inputSize, ...geometry }, heap) => {
  const inLanes = runsInLanes(filter.shape[2], filter.shape[3], geometry)
  if (geometry.groups > 1 && !inLanes) {
    return tidy(() =>
      byGroups(geometry, [dy, 3], [filter, 3], 3, (part, partFilter, one) =>
        conv2dInputGradientOp({ dy: part, filter: partFilter }, { ...one, inputSize }),
      ),
    )
  }
  const [kernelHeight, kernelWidth, inChannels, outChannels] = filter.shape
  const { stride, padding, dilation } = geometry
  const output = heap.output([dy.shape[0], ...inputSize, inChannels * geometry.groups])
  const rows = axisPhases(inputSize[0], kernelHeight, stride[0], padding[0][0], dilation[0])
  const columns = axisPhases(inputSize[1], kernelWidth, stride[1], padding[1][0], dilation[1])
  const phases = rows.flatMap((row) =>
    columns.map((column) => ({
      size: [row.count, column.count] as const,
      start: [row.start, column.start] as const,
      step: stride,
      inputStep: [1, 1] as const,
      taps: row.taps.flatMap((u) =>
        column.taps.map((v) => ({ row: u.at, column: v.at, source: u.source * kernelWidth + v.source })),
      ),
    })),
  )
  if (inLanes) convolveInLanes(heap, dy, filter, backwardLanes(filter, geometry.groups), output, phases)
  else {
    const layout = { inner: outChannels, outer: inChannels, innerStep: 1, outerStep: outChannels }
    convolve(heap, dy, filter, layout, output, phases)
  }
  return output
})
