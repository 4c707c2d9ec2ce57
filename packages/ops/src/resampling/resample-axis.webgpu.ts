import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { tensor1d } from '@tensorflow/tfjs-core'
import { runEach } from '../kernels/webgpu-each.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { layout, type ResampleAttributes } from './resample-axis.ts'

/** One dispatch: an invocation adds up the taps of one output position, for four inner values where they come in fours. */
export const resampleAxisWebgpu: KernelConfig = webgpuKernel<{ x: Tensor }, ResampleAttributes>(
  'resampleAxis',
  ({ x }, attributes, gpu) => {
    const { inputSize, outputSize, starts, sources, weights } = attributes.table
    const { outer, inner, shape } = layout(x, attributes)
    const y = gpu.output(shape)
    const type = inner % 4 === 0 ? 'vec4<f32>' : 'f32'
    const blocks = type === 'f32' ? inner : inner / 4
    const size = outer * outputSize * blocks
    if (size === 0) return y
    // Starts, sources, and the bits of the weights.
    const bits = new Int32Array(Float32Array.from(weights).buffer)
    const table = tensor1d(Int32Array.of(...starts, ...sources, ...bits), 'int32')
    runEach(gpu, {
      label: 'resampleAxis',
      reads: { x: [x, type], table: [table, 'i32'] },
      writes: { y: [y, type] },
      size,
      uniforms: {
        blocks,
        inputSize,
        outputSize,
        sources: starts.length,
        weights: starts.length + sources.length,
      },
      each: () => /* wgsl */ `
  let block = index % uniforms.blocks;
  let at = index / uniforms.blocks % uniforms.outputSize;
  let outer = index / uniforms.blocks / uniforms.outputSize;
  var sum = ${type}(0.0);
  for (var tap = table[at]; tap < table[at + 1]; tap++) {
    let source = table[uniforms.sources + tap];
    let weight = bitcast<f32>(table[uniforms.weights + tap]);
    sum += weight * x[(outer * uniforms.inputSize + source) * uniforms.blocks + block];
  }
  y[index] = sum;`,
    })
    table.dispose()
    return y
  },
)
