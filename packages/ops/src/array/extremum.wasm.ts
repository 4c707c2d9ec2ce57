import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { broadcast_util, broadcastTo, util } from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'

/** NaN where either operand is, as in PyTorch; tfjs-wasm's own kernels lose one in `b`. */
export const maximumWasm: KernelConfig = extremum('Maximum', false)
export const minimumWasm: KernelConfig = extremum('Minimum', true)

function extremum(kernelName: 'Maximum' | 'Minimum', smallest: boolean): KernelConfig {
  return wasmKernel<{ a: Tensor; b: Tensor }, unknown>(kernelName, ({ a, b }, _, heap) => {
    const shape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape)
    const y = heap.output(shape, a.dtype)
    const count = util.sizeFromShape(shape)
    if (count === 0) return y
    const [long, short] = a.size >= b.size ? [a, b] : [b, a]
    const [first, second] = [spread(long, shape), repeats(short, shape) ? short : spread(short, shape)]
    if (a.dtype === 'int32') extremumOfIntegers(heap, first, second, y, smallest)
    else {
      const job = heap.write('Extremum', {
        long: heap.address(first),
        short: heap.address(second),
        y: heap.address(y),
        count,
        period: second.size,
        smallest,
      })
      if (count < 16_384) heap.runner.runAlone('extremum', job)
      else heap.runner.run('extremum', job)
    }
    for (const temporary of [first, second]) if (temporary !== a && temporary !== b) temporary.dispose()
    return y
  })
}

/** Whether broadcasting to `shape` repeats all values in their order, as a bias of channels does. */
function repeats(x: Tensor, shape: number[]): boolean {
  const [...sizes] = x.shape
  while (sizes[0] === 1) sizes.shift()
  return sizes.every((size, axis) => size === shape[shape.length - sizes.length + axis])
}

const spread = (x: Tensor, shape: number[]): Tensor =>
  util.sizeFromShape(shape) === x.size ? x : broadcastTo(x, shape)

function extremumOfIntegers(heap: Heap, long: Tensor, short: Tensor, y: TensorInfo, smallest: boolean): void {
  const [a, b, result] = [heap.integers(long), heap.integers(short), heap.integers(y)]
  const choose = smallest ? Math.min : Math.max
  for (let i = 0; i < a.length; i++) result[i] = choose(a[i] as number, b[i % b.length] as number)
}
