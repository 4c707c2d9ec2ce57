import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { util } from '@tensorflow/tfjs-core'
import { wasmKernel } from '../kernels/wasm-heap.ts'

interface Attributes {
  readonly axis: number
  readonly exclusive: boolean
  readonly reverse: boolean
}

/** Running sums in float64, rounded once each, and without tfjs's transposition. In float32 a million of them lose digits. */
export const cumsumWasm: KernelConfig = wasmKernel<{ x: Tensor }, Attributes>(
  'Cumsum',
  ({ x }, { axis, exclusive, reverse }, heap) => {
    const y = heap.output(x.shape, x.dtype)
    const place = util.parseAxisParam(axis, x.shape)[0] as number
    const size = x.shape[place] as number
    const inner = util.sizeFromShape(x.shape.slice(place + 1))
    const [from, to] = x.dtype === 'int32' ? [heap.integers(x), heap.integers(y)] : [heap.floats(x), heap.floats(y)]
    const sums = new Float64Array(inner)
    for (let outer = 0; outer < from.length; outer += size * inner) {
      sums.fill(0)
      for (let step = 0; step < size; step++) {
        const row = outer + (reverse ? size - 1 - step : step) * inner
        for (let i = 0; i < inner; i++) {
          const before = sums[i] as number
          const after = before + (from[row + i] as number)
          sums[i] = after
          to[row + i] = exclusive ? before : after
        }
      }
    }
    return y
  },
)
