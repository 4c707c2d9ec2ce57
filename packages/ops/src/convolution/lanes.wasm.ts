import type { Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { tuple } from '../checks/item.ts'
import type { Heap } from '../kernels/wasm-heap.ts'
import type { Address, StructAt } from '../kernels/wasm-structs.ts'
import { type Phase, reachOf } from './convolve.wasm.ts'
import type { ConvolutionGeometry, Pair } from './geometry.ts'

/**
 * Groups too narrow for the kernels of whole channels, which take eight at a time, are computed lane by lane: a lane is an
 * output channel of the operator, and its planes are the channels that it sums over.
 */
export const runsInLanes = (groupChannels: number, outChannels: number, { groups }: ConvolutionGeometry): boolean =>
  groups > 1 && Math.min(groupChannels, outChannels / groups) < 8

/** Which channel of the input, and which weight of a tap, a lane has in a plane. */
interface LaneChannels {
  readonly lanes: number
  readonly planes: number
  readonly channel: (plane: number, lane: number) => number
}

interface LaneLayout extends LaneChannels {
  readonly weight: (plane: number, lane: number) => number
}

/** Lanes of a convolution: y's channels, which sum over their group's in x. */
export const forwardLanes = (filter: Tensor4D, groups: number): LaneLayout => {
  const [, , inputs, outChannels] = filter.shape
  return {
    lanes: outChannels,
    planes: inputs,
    channel: (plane, lane) => Math.floor(lane / (outChannels / groups)) * inputs + plane,
    weight: (plane, lane) => plane * outChannels + lane,
  }
}

/** Lanes of its input gradient: x's channels, which sum over their group's in dy. */
export const backwardLanes = (filter: Tensor4D, groups: number): LaneLayout => {
  const [, , inputs, outChannels] = filter.shape
  const outputs = outChannels / groups
  return {
    lanes: inputs * groups,
    planes: outputs,
    channel: (plane, lane) => Math.floor(lane / inputs) * outputs + plane,
    weight: (plane, lane) => (lane % inputs) * outChannels + Math.floor(lane / inputs) * outputs + plane,
  }
}

/** The table `[quad][plane][4]` of byte offsets; lanes beyond the last repeat it. */
function laneTable(heap: Heap, lanes: number, planes: number, at: (plane: number, lane: number) => number): Address {
  const words: number[] = []
  for (let quad = 0; quad < lanes; quad += 4) {
    for (let plane = 0; plane < planes; plane++) {
      for (let lane = quad; lane < quad + 4; lane++) words.push(4 * at(plane, Math.min(lane, lanes - 1)))
    }
  }
  return heap.table(words)
}

/** The description of images as planes, `top` and `left` zeros before them. */
const planesOf = (
  heap: Heap,
  x: Tensor4D,
  [top, left]: Pair,
  padded: Pair,
  { lanes, planes, channel }: LaneChannels,
): StructAt<'Lanes'> => {
  const [, height, width, channels] = x.shape
  return heap.write('Lanes', {
    images: heap.address(x),
    height,
    width,
    channels,
    top,
    left,
    paddedHeight: padded[0],
    paddedWidth: padded[1],
    planes,
    sources: laneTable(heap, lanes, planes, channel),
  })
}

/** Computes phases of a grouped convolution of `x` into `output` `[batch, height, width, lanes]`, pixels outside `x` being zero. */
export function convolveInLanes(
  heap: Heap,
  x: Tensor4D,
  filter: Tensor4D,
  layout: LaneLayout,
  output: TensorInfo,
  phases: readonly Phase[],
): void {
  const { lanes, planes } = layout
  const batch = x.shape[0]
  const [, outHeight, outWidth] = tuple(output.shape, 3)
  const { before, seen } = reachOf(phases)
  const padded: Pair = [before[0] + seen[0], before[1] + seen[1]]
  const planeBytes = padded[0] * padded[1] * 16
  const quads = Math.ceil(lanes / 4)
  const weights = laneTable(heap, lanes, planes, layout.weight)
  const grids = phases.map(({ size, start, step, inputStep, taps }) => {
    const packed = heap.scratch(quads * taps.length * planes * 16)
    const packing = heap.write('LaneWeights', {
      filter: heap.address(filter),
      packed,
      quads,
      planes,
      taps: taps.length,
      tapBytes: filter.shape[2] * filter.shape[3] * 4,
      taken: heap.table(taps.map(({ source }) => source)),
      sources: weights,
    })
    heap.runner.run('packLanes', packing)
    const outAt = ([row, column]: Pair): number => (row * outWidth + column) * lanes * 4
    const offsets = taps.flatMap(({ row, column }) =>
      Array.from(
        { length: planes },
        (_, plane) => plane * planeBytes + ((row + before[0]) * padded[1] + column + before[1]) * 16,
      ),
    )
    return {
      rows: size[0],
      columns: size[1],
      inputRow: inputStep[0] * padded[1] * 16,
      inputColumn: inputStep[1] * 16,
      output: outAt(start),
      outputRow: outAt([step[0], 0]),
      outputColumn: outAt([0, step[1]]),
      taps: taps.length * planes,
      offsets: heap.table(offsets),
      weights: packed,
    }
  })
  const job = heap.write('Depthwise', {
    lanes: planesOf(heap, x, before, padded, layout),
    output: heap.address(output),
    imageStep: outHeight * outWidth * lanes * 4,
    channels: lanes,
    batch,
    phases: phases.length,
    phase: heap.writeAll('LanePhase', grids),
    scratch: heap.scratch(planes * planeBytes * heap.runner.parts),
    scratchStep: planes * planeBytes,
  })
  heap.runner.run('depthwise', job)
}

/** The filter gradient `[...kernelSize, inChannels / groups, outChannels]` of a grouped convolution. */
export function filterGradientInLanes(
  heap: Heap,
  x: Tensor4D,
  dy: Tensor4D,
  { stride, padding, dilation, groups }: ConvolutionGeometry,
  kernelSize: Pair,
  gradient: TensorInfo,
): void {
  const [batch, rows, columns, outChannels] = dy.shape
  const planes = x.shape[3] / groups
  const taps = kernelSize[0] * kernelSize[1]
  // What the windows see, from the padding's corner; rows that none reaches are cut off.
  const padded: Pair = [
    (rows - 1) * stride[0] + (kernelSize[0] - 1) * dilation[0] + 1,
    (columns - 1) * stride[1] + (kernelSize[1] - 1) * dilation[1] + 1,
  ]
  const ofX: LaneChannels = {
    lanes: outChannels,
    planes,
    channel: (plane, lane) => Math.floor(lane / (outChannels / groups)) * planes + plane,
  }
  const ofDy: LaneChannels = { ...ofX, planes: 1, channel: (_, lane) => lane }
  const offsets = Array.from(
    { length: taps },
    (_, tap) => (Math.floor(tap / kernelSize[1]) * dilation[0] * padded[1] + (tap % kernelSize[1]) * dilation[1]) * 16,
  )
  const planesOfXStep = planes * padded[0] * padded[1] * 16
  const planeOfDyStep = rows * columns * 16
  const sumsStep = planes * taps * 32
  const job = heap.write('DepthwiseFilterGradient', {
    x: planesOf(heap, x, [padding[0][0], padding[1][0]], padded, ofX),
    dy: planesOf(heap, dy, [0, 0], [rows, columns], ofDy),
    gradient: heap.address(gradient),
    batch,
    taps,
    offsets: heap.table(offsets),
    inputRow: stride[0] * padded[1] * 16,
    inputColumn: stride[1] * 16,
    planesOfX: heap.scratch(planesOfXStep * heap.runner.parts),
    planesOfXStep,
    planeOfDy: heap.scratch(planeOfDyStep * heap.runner.parts),
    planeOfDyStep,
    sums: heap.scratch(sumsStep * heap.runner.parts),
    sumsStep,
  })
  heap.runner.run('depthwiseFilterGradient', job)
}
