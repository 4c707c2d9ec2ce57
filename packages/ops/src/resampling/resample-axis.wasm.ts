import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { wasmKernel } from '../kernels/wasm-heap.ts'
import { layout, type ResampleAttributes } from './resample-axis.ts'

export const resampleAxisWasm: KernelConfig = wasmKernel<{ x: Tensor }, ResampleAttributes>(
  'resampleAxis',
  ({ x }, attributes, heap) => {
    const { inputSize, outputSize, starts, sources, weights } = attributes.table
    const { outer, inner, shape } = layout(x, attributes)
    const y = heap.output(shape)
    const job = heap.write('Resize', {
      x: heap.address(x),
      y: heap.address(y),
      outer,
      inputSize,
      outputSize,
      inner,
      starts: heap.table(starts),
      sources: heap.table(sources),
      weights: heap.floatTable(weights),
    })
    // Below this, another thread wakes later than the work is done.
    if (outer * inner * (outputSize + sources.length) < 16_384) heap.runner.runAlone('resize', job)
    else heap.runner.run('resize', job)
    return y
  },
)
