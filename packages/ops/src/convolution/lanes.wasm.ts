import type { Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import type { Heap } from '../kernels/wasm-heap.ts'
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
function laneTable(heap: Heap, lanes: number, planes: number, at: (plane: number, lane: number) => number): number {
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
): number => {
  const [, height, width, channels] = x.shape
  const sources = laneTable(heap, lanes, planes, channel)
  return heap.table([heap.address(x), height, width, channels, top, left, ...padded, planes, sources])
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
  const [, outHeight, outWidth] = output.shape as [number, number, number]
  const { before, seen } = reachOf(phases)
  const padded: Pair = [before[0] + seen[0], before[1] + seen[1]]
  const planeBytes = padded[0] * padded[1] * 16
  const quads = Math.ceil(lanes / 4)
  const weights = laneTable(heap, lanes, planes, layout.weight)
  const tables = phases.flatMap(({ size, start, step, inputStep, taps }) => {
    const packed = heap.scratch(quads * taps.length * planes * 16)
    const taken = heap.table(taps.map(({ source }) => source))
    const tapBytes = filter.shape[2] * filter.shape[3] * 4
    const address = heap.address(filter)
    heap.runner.run('packLanes', heap.table([address, packed, quads, planes, taps.length, tapBytes, taken, weights]))
    const outAt = ([row, column]: Pair): number => (row * outWidth + column) * lanes * 4
    const offsets = taps.flatMap(({ row, column }) =>
      Array.from(
        { length: planes },
        (_, plane) => plane * planeBytes + ((row + before[0]) * padded[1] + column + before[1]) * 16,
      ),
    )
    return [
      ...size,
      inputStep[0] * padded[1] * 16,
      inputStep[1] * 16,
      outAt(start),
      outAt([step[0], 0]),
      outAt([0, step[1]]),
      taps.length * planes,
      heap.table(offsets),
      packed,
    ]
  })
  heap.runner.run(
    'depthwise',
    heap.table([
      planesOf(heap, x, before, padded, layout),
      heap.address(output),
      outHeight * outWidth * lanes * 4,
      lanes,
      batch,
      phases.length,
      heap.table(tables),
      heap.scratch(planes * planeBytes * heap.runner.parts),
      planes * planeBytes,
    ]),
  )
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
  const scratch = (bytes: number): [number, number] => [heap.scratch(bytes * heap.runner.parts), bytes]
  heap.runner.run(
    'depthwiseFilterGradient',
    heap.table([
      planesOf(heap, x, [padding[0][0], padding[1][0]], padded, ofX),
      planesOf(heap, dy, [0, 0], [rows, columns], ofDy),
      heap.address(gradient),
      batch,
      taps,
      heap.table(offsets),
      stride[0] * padded[1] * 16,
      stride[1] * 16,
      ...scratch(planes * padded[0] * padded[1] * 16),
      ...scratch(rows * columns * 16),
      ...scratch(planes * taps * 32),
    ]),
  )
}
