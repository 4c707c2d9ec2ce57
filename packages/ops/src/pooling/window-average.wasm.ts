import type { KernelConfig, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
import { divisorsByAxis, type WindowAverage } from './window-average-op.ts'
import { invertWindows, windowRanges } from './windows.ts'

const kernels = (name: string): KernelConfig[] => [
  wasmKernel<{ x: Tensor4D }, WindowAverage>(name, ({ x }, average, heap) => run(heap, x, average, false)),
  wasmKernel<{ dy: Tensor4D }, WindowAverage>(`${name}Gradient`, ({ dy }, average, heap) =>
    run(heap, dy, average, true),
  ),
]

export const avgPool2dWasm: readonly KernelConfig[] = kernels('avgPool2d')
export const adaptiveAvgPool2dWasm: readonly KernelConfig[] = kernels('adaptiveAvgPool2d')

/** Runs `assembly/window-average.ts`; the gradient averages over the windows that an element is in. */
function run(heap: Heap, x: Tensor4D, average: WindowAverage, isGradient: boolean): TensorInfo {
  const [rows, columns] = isGradient
    ? ([invertWindows(average.rows), invertWindows(average.columns)] as const)
    : ([average.rows, average.columns] as const)
  const [batch, height, width, channels] = x.shape
  const y = heap.output([batch, rows.count, columns.count, channels])
  const [rowDivisors, columnDivisors] = divisorsByAxis(average)
  const job = heap.write('WindowAverage', {
    x: heap.address(x),
    y: heap.address(y),
    batch,
    height,
    width,
    channels,
    rows: rows.count,
    columns: columns.count,
    rowRanges: heap.table(windowRanges(rows).flat()),
    columnRanges: heap.table(windowRanges(columns).flat()),
    rowDivisors: heap.floatTable(rowDivisors),
    columnDivisors: heap.floatTable(columnDivisors),
    dividesInputs: isGradient,
  })
  heap.runner.run('windowAverage', job)
  return y
}
