import type { Tensor1D, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { activated } from '../activation/activated.webgpu.ts'
import type { Activation } from '../activation/activations.ts'
import { tuple } from '../checks/item.ts'
import { type ConvolutionGeometry, windowFields } from './geometry.ts'

/**
 * A convolution (`forward`, of x) or its input gradient (`backward`, of dy), seen as one thing: an output pixel sums, over
 * taps, an input pixel times the tap's slice of the filter. Backward, output pixels fall into phases: those of the same
 * row and column modulo the stride see the same taps, and read neighbouring pixels of dy. No inserted zero is multiplied.
 */
export interface Gather {
  /** The kernel's name. */
  readonly label: string
  readonly direction: 'forward' | 'backward'
  readonly input: Tensor4D
  readonly filter: Tensor4D
  readonly output: TensorInfo
  readonly geometry: ConvolutionGeometry
  readonly bias: Tensor1D | undefined
  readonly activation?: Activation | undefined
}

/** What the shaders for a gather are told, and the sizes that decide about tiles. */
export interface GatherSizes {
  /** Channels of a group that are summed over, and that come out. */
  readonly depth: number
  readonly columns: number
  readonly phases: number
  /** Output pixels of the largest phase. */
  readonly pixels: number
  readonly uniforms: Readonly<Record<string, number>>
}

export function sizesOf({ direction, input, filter, output, geometry }: Gather): GatherSizes {
  const { stride, dilation, groups } = geometry
  const [batch, inHeight, inWidth, inChannels] = input.shape
  const [, outHeight, outWidth, outChannels] = tuple(output.shape, 4)
  const [kernelHeight, kernelWidth] = filter.shape
  const depth = inChannels / groups
  const columns = outChannels / groups
  const phases = direction === 'forward' ? ([1, 1] as const) : stride
  return {
    depth,
    columns,
    phases: phases[0] * phases[1],
    pixels: batch * Math.ceil(outHeight / phases[0]) * Math.ceil(outWidth / phases[1]),
    uniforms: {
      batch,
      inHeight,
      inWidth,
      inChannels,
      outHeight,
      outWidth,
      outChannels,
      filterChannels: filter.shape[3],
      groups,
      depth,
      columns,
      phasesWide: phases[1],
      kernelHeight,
      kernelWidth,
      ...windowFields(geometry),
      divisorHeight: greatestCommonDivisor(stride[0], dilation[0]),
      divisorWidth: greatestCommonDivisor(stride[1], dilation[1]),
    },
  }
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))

/** `rowsOf(phase)` and `columnsOf(phase)`: where the pixels of a phase lie, and what its taps read. */
export const axes = (direction: Gather['direction']): string => /* wgsl */ `
struct Axis {
  count : i32, // output pixels of the phase
  outStart : i32, outStep : i32,
  inStart : i32, inStep : i32, // where the first tap reads, pixel by pixel
  taps : i32, firstTap : i32, tapStep : i32, // in the filter
  inTap : i32, // from tap to tap in the input
}
${direction === 'forward' ? forwardAxis : backwardAxis}
fn rowsOf(phase : i32) -> Axis {
  return axisOf(
    phase / uniforms.phasesWide, uniforms.outHeight, uniforms.kernelHeight, uniforms.strideHeight,
    uniforms.dilationHeight, uniforms.top, uniforms.divisorHeight,
  );
}
fn columnsOf(phase : i32) -> Axis {
  return axisOf(
    phase % uniforms.phasesWide, uniforms.outWidth, uniforms.kernelWidth, uniforms.strideWidth,
    uniforms.dilationWidth, uniforms.left, uniforms.divisorWidth,
  );
}`

const signature =
  'fn axisOf(index : i32, size : i32, kernel : i32, stride : i32, dilation : i32, before : i32, divisor : i32) -> Axis'

/** Output \`m\` and tap \`u\` meet at input \`m·stride + u·dilation − before\`. */
const forwardAxis = /* wgsl */ `
${signature} {
  return Axis(size, 0, 1, -before, stride, kernel, 0, 1, dilation);
}`

/**
 * Output `stride·m + residue − before` sees the taps `u` with `u·dilation = stride·t + residue`, which read at `m − t`.
 * Phases are in the order of their first tap, so that those with most taps come first; residues that no tap reaches
 * (where stride and dilation have a common divisor) come last.
 */
const backwardAxis = /* wgsl */ `
${signature} {
  let tapStep = stride / divisor;
  var residue = index * dilation % stride;
  var firstTap = index;
  if (index >= tapStep) {
    let unreached = index - tapStep;
    residue = unreached / (divisor - 1) * divisor + unreached % (divisor - 1) + 1;
    firstTap = kernel;
  }
  let first = (before - residue + stride - 1) / stride;
  let end = size - 1 + before - residue;
  let last = select(end / stride, -1, end < 0);
  let taps = max(0, kernel - firstTap + tapStep - 1) / tapStep;
  let shift = select((firstTap * dilation - residue) / stride, 0, firstTap >= kernel);
  return Axis(
    max(0, last - first + 1), stride * first + residue - before, stride, first - shift, 1,
    taps, firstTap, tapStep, -(dilation / divisor),
  );
}`

/** A sum with the bias, if there is one, and the activation, as WGSL. */
export const finish = ({ bias, activation }: Gather, type: string, sum: string, column: string): string => {
  return activated(bias === undefined ? sum : `(${sum} + bias[${column}])`, type, activation)
}
