import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { cast, transpose, util } from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'

interface Reduction {
  readonly axis: number | number[] | null
  readonly keepDims: boolean
}

/** Sums in float64 and, where the axes are neighbours, without the transposition that tfjs-wasm's own kernel makes. */
export const sumWasm: KernelConfig = wasmKernel<{ x: Tensor }, Reduction>('Sum', ({ x }, reduction, heap) =>
  reduce(heap, x, reduction, x.dtype === 'int32' ? sumIntegers : (...job) => sumFloats(...job, 1)),
)

export const meanWasm: KernelConfig = wasmKernel<{ x: Tensor }, Reduction>('Mean', ({ x }, reduction, heap) => {
  const mean: Sum = (...job) => sumFloats(...job, job[3].count)
  if (x.dtype === 'float32') return reduce(heap, x, reduction, mean)
  const floats = cast(x, 'float32')
  const y = reduce(heap, floats, reduction, mean)
  floats.dispose()
  return y
})

/** A tensor seen as `[outer, count, inner]`, to be summed over the middle. */
interface Layout {
  readonly outer: number
  readonly count: number
  readonly inner: number
}

type Sum = (heap: Heap, x: TensorInfo, y: TensorInfo, layout: Layout) => void

function reduce(heap: Heap, x: Tensor, { axis, keepDims }: Reduction, sum: Sum): TensorInfo {
  const axes = util.parseAxisParam(axis as number | number[], x.shape).sort((a, b) => a - b)
  const first = axes[0] ?? 0
  const kept = x.shape.map((_, index) => index).filter((index) => !axes.includes(index))
  const shape = keepDims
    ? x.shape.map((size, index) => (axes.includes(index) ? 1 : size))
    : kept.map((index) => x.shape[index] as number)
  const y = heap.output(shape, x.dtype)
  const count = util.sizeFromShape(axes.map((index) => x.shape[index] as number))
  if (axes.every((index, place) => index === first + place)) {
    const outer = util.sizeFromShape(x.shape.slice(0, first))
    sum(heap, x, y, { outer, count, inner: util.sizeFromShape(x.shape.slice(first + axes.length)) })
  } else {
    const moved = transpose(x, [...kept, ...axes])
    sum(heap, moved, y, { outer: y.shape.reduce((product, size) => product * size, 1), count, inner: 1 })
    moved.dispose()
  }
  return y
}

function sumFloats(heap: Heap, x: TensorInfo, y: TensorInfo, { outer, count, inner }: Layout, divisor: number): void {
  const job = heap.write('SumAxis', { x: heap.address(x), y: heap.address(y), outer, count, inner, divisor })
  if (outer * count * inner < 16_384) heap.runner.runAlone('sumAxis', job)
  else heap.runner.run('sumAxis', job)
}

function sumIntegers(heap: Heap, x: TensorInfo, y: TensorInfo, { outer, count, inner }: Layout): void {
  const [values, sums] = [heap.integers(x), heap.integers(y)]
  sums.fill(0)
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < count; k++) {
      for (let i = 0; i < inner; i++) {
        sums[o * inner + i] = (sums[o * inner + i] as number) + (values[(o * count + k) * inner + i] as number)
      }
    }
  }
}
