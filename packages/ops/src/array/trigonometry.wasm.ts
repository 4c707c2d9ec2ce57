import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { wasmKernel } from '../kernels/wasm-heap.ts'

/**
 * Sine and cosine by JavaScript's own functions, exact to the last bit of float32. tfjs-wasm's kernels reduce the angle in
 * float32: sin(−1e-8) is 0 there, and near multiples of π no digit is right.
 */
export const sinWasm: KernelConfig = elementwise('Sin', Math.sin)
export const cosWasm: KernelConfig = elementwise('Cos', Math.cos)

function elementwise(kernelName: string, run: (x: number) => number): KernelConfig {
  return wasmKernel<{ x: Tensor }, unknown>(kernelName, ({ x }, _, heap) => {
    const y = heap.output(x.shape)
    const [from, to] = [heap.floats(x), heap.floats(y)]
    for (let i = 0; i < from.length; i++) to[i] = run(from[i] as number)
    return y
  })
}
