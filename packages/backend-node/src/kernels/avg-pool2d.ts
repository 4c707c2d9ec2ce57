import { runComposition, type WindowAverage } from '@ddnet/ops/kernels'
import { type KernelConfig, mul, pad, slice, type Tensor4D, tensor1d, tensor4d } from '@tensorflow/tfjs-core'
import { type AttributeValue, kernel } from './kernel.ts'

type Windows = WindowAverage['rows']

/** TensorFlow's `AvgPool`. It pads nothing and divides by the kernel's size: zeros are padded, and its divisor is replaced. */
export const avgPool2d: KernelConfig = kernel<{ x: Tensor4D }, WindowAverage>(
  'avgPool2d',
  ({ execute }, { x }, average) => {
    if (isLarge(average)) return runComposition('avgPool2d', { x }, average) as Tensor4D
    const padding = [[0, 0], paddingOf(average.rows), paddingOf(average.columns), [0, 0]] as [number, number][]
    const padded = padding.flat().some((size) => size > 0) ? pad(x, padding) : x
    return scaled(execute('AvgPool', [padded], attributesOf(average)), average)
  },
)

/** TensorFlow's `AvgPoolGrad`. */
export const avgPool2dGradient: KernelConfig = kernel<{ dy: Tensor4D }, WindowAverage>(
  'avgPool2dGradient',
  ({ execute }, { dy }, average) => {
    if (isLarge(average)) return runComposition('avgPool2dGradient', { dy }, average) as Tensor4D
    const { rows, columns } = average
    const [top, left] = [paddingOf(rows), paddingOf(columns)]
    const [batch, , , channels] = dy.shape
    const padded = [batch, rows.size + top[0] + top[1], columns.size + left[0] + left[1], channels]
    const inputs = [tensor1d(padded, 'int32'), scaled(dy, average)]
    const dx = execute<Tensor4D>('AvgPoolGrad', inputs, attributesOf(average))
    return slice(dx, [0, top[0], left[0], 0], [batch, rows.size, columns.size, channels])
  },
)

/** TensorFlow adds up a window in sequence: of a larger one it would lose digits. */
const isLarge = ({ rows, columns }: WindowAverage): boolean => kernelOf(rows) * kernelOf(columns) > 4096

const kernelOf = ({ before, beyond }: Windows): number => before + beyond

const paddingOf = (windows: Windows): [number, number] => {
  const { size, count, step, before } = windows
  return [before, Math.max(0, (count - 1) * step + kernelOf(windows) - before - size)]
}

const attributesOf = ({ rows, columns }: WindowAverage): Record<string, AttributeValue> => ({
  ksize: { int: [1, kernelOf(rows), kernelOf(columns), 1] },
  strides: { int: [1, rows.step, columns.step, 1] },
  padding: 'VALID',
  data_format: 'NHWC',
})

/** From averages over the kernel's size to averages over what counts in each window. */
function scaled(x: Tensor4D, { rows, columns, margins, divisor }: WindowAverage): Tensor4D {
  const counts = (windows: Windows, margin: number): number[] =>
    Array.from({ length: windows.count }, (_, window) => {
      const start = Math.max(window * windows.step - windows.before, -margin)
      return Math.max(1, Math.min(window * windows.step + windows.beyond, windows.size + margin) - start)
    })
  const size = kernelOf(rows) * kernelOf(columns)
  const [tall, wide] = [counts(rows, margins[0]), counts(columns, margins[1])]
  const factors = tall.flatMap((row) => wide.map((column) => size / (divisor === 0 ? row * column : divisor)))
  if (factors.every((factor) => factor === 1)) return x
  return mul(x, tensor4d(factors, [1, rows.count, columns.count, 1]))
}
