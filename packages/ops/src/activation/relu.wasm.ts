import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { wasmKernel } from '../kernels/wasm-heap.ts'

/** `max(x, 0)`. tfjs-wasm's kernel compares as integers, which makes 0 of a NaN whose sign is set, as processors make it. */
export const reluWasm: KernelConfig = wasmKernel<{ x: Tensor }, unknown>('Relu', ({ x }, _, heap) => {
  const y = heap.output(x.shape, x.dtype)
  if (x.dtype === 'int32') {
    const [from, to] = [heap.integers(x), heap.integers(y)]
    for (let i = 0; i < from.length; i++) to[i] = Math.max(from[i] as number, 0)
    return y
  }
  const job = heap.write('Extremum', {
    long: heap.address(x),
    short: heap.floatTable([0]),
    y: heap.address(y),
    count: x.size,
    period: 1,
    smallest: false,
  })
  if (x.size < 16_384) heap.runner.runAlone('extremum', job)
  else heap.runner.run('extremum', job)
  return y
})
