import type { Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { itemAt, tuple } from '../checks/item.ts'
import type { Heap } from '../kernels/wasm-heap.ts'
import type { Address } from '../kernels/wasm-structs.ts'
import type { Pair } from './geometry.ts'

/** Where a tap reads: its row and column in the input for the phase's first output pixel, and its place in the filter. */
export interface Tap {
  readonly row: number
  readonly column: number
  readonly source: number
}

/** A grid of output pixels that see the same taps. Taps come row by row, all rows with the same columns. */
export interface Phase {
  /** Rows and columns of the grid. */
  readonly size: Pair
  /** The output pixel where the grid starts, and from pixel to pixel. */
  readonly start: Pair
  readonly step: Pair
  /** From pixel to pixel in the input. */
  readonly inputStep: Pair
  readonly taps: readonly Tap[]
}

/** How a filter `[kernelHeight, kernelWidth, …]` is read: `inner` channels are summed over, `outer` come out; steps in floats. */
export interface FilterLayout {
  readonly inner: number
  readonly outer: number
  readonly innerStep: number
  readonly outerStep: number
}

/** As many weights, eight channels wide, as stay in a first-level cache of 32 KB beside the pixels: 20 KB. */
const panelLength = 640

/** The rows and columns that phases see before an image, and from its first on. */
export function reachOf(phases: readonly Phase[]): { before: Pair; seen: Pair } {
  const taps = phases.flatMap((phase) => phase.taps)
  const reach = phases.flatMap(({ size, inputStep, taps }) =>
    taps.map(({ row, column }): Pair => [row + (size[0] - 1) * inputStep[0], column + (size[1] - 1) * inputStep[1]]),
  )
  return {
    before: [
      taps.reduce((most, { row }) => Math.max(most, -row), 0),
      taps.reduce((most, { column }) => Math.max(most, -column), 0),
    ],
    seen: [
      reach.reduce((most, [row]) => Math.max(most, row + 1), 0),
      reach.reduce((most, [, column]) => Math.max(most, column + 1), 0),
    ],
  }
}

/** Computes phases of a convolution of `x` into `output` `[batch, height, width, outer]`, pixels outside `x` being zero. */
export function convolve(
  heap: Heap,
  x: Tensor4D,
  filter: Tensor4D,
  layout: FilterLayout,
  output: TensorInfo,
  phases: readonly Phase[],
): void {
  const [batch, height, width, channels] = x.shape
  const [, outHeight, outWidth] = tuple(output.shape, 3)
  const {
    before: [top, left],
    seen,
  } = reachOf(phases)
  const padded = top + left > 0 || seen[0] > height || seen[1] > width
  const paddedSize: Pair = padded ? [top + seen[0], left + seen[1]] : [height, width]
  const pixel = channels * 4
  const paddedBytes = padded ? paddedSize[0] * paddedSize[1] * pixel : 0
  const tailBytes = layout.outer % 8 === 0 ? 0 : Math.max(0, ...phases.map(({ size }) => size[0] * size[1])) * 32
  const grids = phases.map(({ size, start, step, inputStep, taps }) => {
    const columns = mergedColumns(taps, channels)
    const runs = taps.filter((_, index) => index % columns === 0)
    const at = ([row, column]: Pair): number => ((row + top) * paddedSize[1] + column + left) * pixel
    const outAt = ([row, column]: Pair): number => (row * outWidth + column) * layout.outer * 4
    return {
      rows: size[0],
      columns: size[1],
      inputRow: inputStep[0] * paddedSize[1] * pixel,
      inputColumn: inputStep[1] * pixel,
      output: outAt(start),
      outputRow: outAt([step[0], 0]),
      outputColumn: outAt([0, step[1]]),
      taps: runs.length,
      offsets: heap.table(runs.map(({ row, column }) => at([row, column]))),
      run: columns * pixel,
      weights: packWeights(heap, filter, layout, taps),
    }
  })
  const longestRun = Math.max(1, ...phases.map(({ taps }) => mergedColumns(taps, channels))) * channels
  const job = heap.write('Convolution', {
    output: heap.address(output),
    imageStep: outHeight * outWidth * layout.outer * 4,
    outChannels: layout.outer,
    batch,
    phases: phases.length,
    phase: heap.writeAll('Phase', grids),
    panel: Math.max(1, Math.floor(panelLength / longestRun)),
    tail: heap.scratch(tailBytes * heap.runner.parts),
    tailStep: tailBytes,
    padded: heap.write('Padded', {
      images: heap.address(x),
      height,
      width,
      channels,
      top,
      left,
      paddedHeight: paddedSize[0],
      paddedWidth: paddedSize[1],
      scratch: padded ? heap.scratch(paddedBytes * heap.runner.parts) : 0,
      scratchStep: paddedBytes,
    }),
  })
  heap.runner.run('convolve', job)
}

/** How many taps of a row, neighbours in the input, are read as one run: it matters for few channels. */
function mergedColumns(taps: readonly Tap[], channels: number): number {
  const columns = taps.filter(({ row }) => row === taps[0]?.row)
  const neighbours = columns.every(({ column }, index) => column === itemAt(columns, 0).column + index)
  return neighbours && columns.length * channels <= panelLength ? Math.max(1, columns.length) : 1
}

/** The taps' weights as `[outer / 8][tap][inner][8]`. */
function packWeights(
  heap: Heap,
  filter: Tensor4D,
  { inner, outer, innerStep, outerStep }: FilterLayout,
  taps: readonly Tap[],
): Address {
  const packed = heap.scratch(Math.ceil(outer / 8) * taps.length * inner * 32)
  const job = heap.write('Packing', {
    filter: heap.address(filter),
    packed,
    taps: taps.length,
    sources: heap.table(taps.map(({ source }) => source)),
    inner,
    outer,
    innerStep: innerStep * 4,
    outerStep: outerStep * 4,
  })
  heap.runner.run('packWeights', job)
  return packed
}
