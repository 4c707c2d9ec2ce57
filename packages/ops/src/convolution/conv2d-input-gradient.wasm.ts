import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../engine/wasm-heap.ts'
import { conv2dInputGradientOp } from './conv2d-op.ts'
import type { ConvolutionGeometry, Pair } from './geometry.ts'
import { byGroups, dilateFilter } from './rewrites.ts'

/** The outputs of one axis that see the same taps: rows `stride·m + phase − before` for `first ≤ m < first + count`. */
interface Phase {
  readonly phase: number
  readonly taps: number
  readonly first: number
  readonly count: number
}

function phases(size: number, kernel: number, stride: number, before: number): Phase[] {
  return Array.from({ length: stride }, (_, phase) => {
    const first = Math.ceil((before - phase) / stride)
    const last = Math.floor((size - 1 + before - phase) / stride)
    return { phase, taps: Math.max(0, Math.ceil((kernel - phase) / stride)), first, count: last - first + 1 }
  })
}

/** Padding before and after `size` values (negative: to cut off) so that a stride-1 convolution gives exactly this phase. */
const phasePadding = ({ taps, first, count }: Phase, size: number): Pair => [taps - 1 - first, count - size + first]

/**
 * The transposed convolution as one small stride-1 convolution for each phase of the output, which multiplies no
 * inserted zeros, where tfjs-wasm's kernel runs at a tenth of its convolution's speed.
 */
export const conv2dInputGradientWasm: KernelConfig = wasmKernel<
  { dy: Tensor4D; filter: Tensor4D },
  ConvolutionGeometry & { inputSize: Pair }
>('conv2dInputGradient', (inputs, attributes, heap) => tf.tidy(() => inputGradient(inputs, attributes, heap)))

function inputGradient(
  { dy, filter }: { dy: Tensor4D; filter: Tensor4D },
  { inputSize, ...geometry }: ConvolutionGeometry & { inputSize: Pair },
  heap: Heap,
): Tensor4D {
  if (geometry.groups > 1) {
    return byGroups(geometry, [dy, 3], [filter, 3], 3, (part, partFilter, one) =>
      conv2dInputGradientOp({ dy: part, filter: partFilter }, { ...one, inputSize }),
    )
  }
  const { filter: dense } = dilateFilter(filter, { ...geometry, always: true })
  const { stride, padding } = geometry
  const rows = phases(inputSize[0], dense.shape[0], stride[0], padding[0][0])
  const columns = phases(inputSize[1], dense.shape[1], stride[1], padding[1][0])
  // [kernelHeight, kernelWidth, outChannels, inChannels], both axes reversed
  const flipped = tf.transpose(tf.reverse(dense, [0, 1]), [0, 1, 3, 2])
  const parts = rows.flatMap((row) =>
    columns.map((column) => ({ row, column, y: onePhase(dy, flipped, row, column, stride) })),
  )
  const only = parts.length === 1 ? parts[0]?.y : undefined
  return only ?? interleave(heap, parts, [dy.shape[0], ...inputSize, dense.shape[2]], geometry)
}

function onePhase(dy: Tensor4D, flipped: Tensor4D, row: Phase, column: Phase, stride: Pair): Tensor4D | undefined {
  if (row.taps === 0 || column.taps === 0 || row.count < 1 || column.count < 1) return undefined // zeros, or nothing
  const [kernelHeight, kernelWidth, outChannels, inChannels] = flipped.shape
  // Taps phase, phase + stride, … of the filter are, in the reversed one, those that end at kernel − 1 − phase.
  const begin = (kernel: number, { phase, taps }: Phase, step: number): number => kernel - 1 - phase - (taps - 1) * step
  const taps = tf.stridedSlice(
    flipped,
    [begin(kernelHeight, row, stride[0]), begin(kernelWidth, column, stride[1]), 0, 0],
    [kernelHeight - row.phase, kernelWidth - column.phase, outChannels, inChannels],
    [...stride, 1, 1],
  ) as Tensor4D
  const vertical = phasePadding(row, dy.shape[1])
  const horizontal = phasePadding(column, dy.shape[2])
  const cut = (size: number, [before, after]: Pair): Pair => [
    Math.max(0, -before),
    size + Math.min(0, before) + Math.min(0, after),
  ]
  const [top, height] = cut(dy.shape[1], vertical)
  const [left, width] = cut(dy.shape[2], horizontal)
  const seen =
    height === dy.shape[1] && width === dy.shape[2]
      ? dy
      : tf.slice(dy, [0, top, left, 0], [dy.shape[0], height, width, dy.shape[3]])
  const pads = (pair: Pair): [number, number] => [Math.max(0, pair[0]), Math.max(0, pair[1])]
  return tf.conv2d(seen, taps, 1, [[0, 0], pads(vertical), pads(horizontal), [0, 0]])
}

/** Puts the phases' rows and columns back in their places; what no tap reaches is zero. */
function interleave(
  heap: Heap,
  parts: { row: Phase; column: Phase; y: Tensor4D | undefined }[],
  shape: [number, number, number, number],
  { stride, padding }: ConvolutionGeometry,
): Tensor4D {
  const result = heap.output(shape)
  const dx = heap.view(result)
  const [batch, height, width, channels] = shape
  dx.fill(0)
  for (const { row, column, y } of parts) {
    if (y === undefined) continue
    const values = heap.view(y)
    let from = 0
    for (let image = 0; image < batch; image++) {
      for (let i = 0; i < row.count; i++) {
        const outputRow = stride[0] * (row.first + i) + row.phase - padding[0][0]
        for (let j = 0; j < column.count; j++) {
          const outputColumn = stride[1] * (column.first + j) + column.phase - padding[1][0]
          const to = ((image * height + outputRow) * width + outputColumn) * channels
          for (let c = 0; c < channels; c++) dx[to + c] = values[from + c] as number
          from += channels
        }
      }
    }
  }
  return tf.engine().makeTensorFromTensorInfo(result) as Tensor4D
}
