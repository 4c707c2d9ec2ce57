import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { floatWord, wasmKernel } from '../kernels/wasm-heap.ts'
import { layout, type ResampleAttributes } from './resample-axis.ts'

export const resampleAxisWasm: KernelConfig = wasmKernel<{ x: Tensor }, ResampleAttributes>(
  'resampleAxis',
  ({ x }, attributes, heap) => {
    const { inputSize, outputSize, starts, sources, weights } = attributes.table
    const { outer, inner, shape } = layout(x, attributes)
    const y = heap.output(shape)
    const table = heap.table([...starts, ...sources, ...Array.from(weights, floatWord)])
    const [atSources, atWeights] = [starts.length, starts.length + sources.length].map((words) => table + 4 * words)
    const addresses = [table, atSources as number, atWeights as number]
    const job = heap.table([heap.address(x), heap.address(y), outer, inputSize, outputSize, inner, ...addresses])
    // Below this, another thread wakes later than the work is done.
    if (outer * inner * (outputSize + sources.length) < 16_384) heap.runner.runAlone('resize', job)
    else heap.runner.run('resize', job)
    return y
  },
)
