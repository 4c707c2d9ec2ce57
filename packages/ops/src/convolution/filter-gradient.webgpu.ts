import type { Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import type { Program } from '../kernels/webgpu-program.ts'
import { type ConvolutionGeometry, type Pair, windowFields } from './geometry.ts'
import { counting } from './tile.webgpu.ts'

export interface FilterGradient {
  readonly x: Tensor4D
  readonly dy: Tensor4D
  readonly geometry: ConvolutionGeometry
  readonly kernelSize: Pair
}

/** Sums over parts of the depth: into a tensor `[parts, …gradient]`. */
export interface Plan {
  readonly parts: number
  readonly program: (sums: TensorInfo) => Program
}

/** Workgroups that keep a large GPU busy, with some left over at the end. */
const enough = 512
/** Pixels that make a part worth its share of the finishing dispatch. */
const leastPixels = 128
const mostPartialFloats = 8 * 2 ** 20 // 32 MB

/** Parts of the depth, and the pixels of each: a multiple of `step`. */
export function split(
  pixels: number,
  tiles: number,
  gradientSize: number,
  step: number,
): { parts: number; partPixels: number } {
  const most = Math.min(Math.floor(pixels / leastPixels), Math.floor(mostPartialFloats / gradientSize))
  const wanted = Math.max(1, Math.min(Math.ceil(enough / tiles), most))
  const partPixels = step * Math.ceil(pixels / wanted / step)
  return { parts: Math.ceil(pixels / partPixels), partPixels }
}

/** What the shaders for a filter gradient are told, and the sizes that decide about tiles. */
export interface FilterGradientSizes {
  /** Input and output channels of a group. */
  readonly channels: number
  readonly columns: number
  /** Taps × input channels. */
  readonly rows: number
  /** Output pixels of the batch. */
  readonly pixels: number
  readonly uniforms: Readonly<Record<string, number>>
}

export function sizesOf({ x, dy, geometry, kernelSize }: FilterGradient): FilterGradientSizes {
  const { groups } = geometry
  const [batch, height, width, inChannels] = x.shape
  const [, outHeight, outWidth, outChannels] = dy.shape
  const channels = inChannels / groups
  const columns = outChannels / groups
  const rows = kernelSize[0] * kernelSize[1] * channels
  return {
    channels,
    columns,
    rows,
    pixels: batch * outHeight * outWidth,
    uniforms: {
      height,
      width,
      inChannels,
      outHeight,
      outWidth,
      outChannels,
      pixels: batch * outHeight * outWidth,
      groups,
      channels,
      columns,
      rows,
      kernelWidth: kernelSize[1],
      ...windowFields(geometry),
    },
  }
}

/** Where the taps of rows of the product read, and pixels of the depth. */
export const places = (inFours: boolean): string => /* wgsl */ `
// Row and column of a pixel of dy in x, under the kernel's first tap; its place in x.
struct Pixel { row : i32, column : i32, at : i32 }

fn pixelAt(image : i32, outRow : i32, outColumn : i32) -> Pixel {
  let row = outRow * uniforms.strideHeight - uniforms.top;
  let column = outColumn * uniforms.strideWidth - uniforms.left;
  return Pixel(row, column, (image * uniforms.height + row) * uniforms.width + column);
}

// A row of the product: how far its tap is from the first, and its channel.
struct Tap { row : i32, column : i32, at : i32 }

fn tapOf(index : i32, group : i32) -> Tap {
  let tap = index / uniforms.channels;
  let row = tap / uniforms.kernelWidth * uniforms.dilationHeight;
  let column = tap % uniforms.kernelWidth * uniforms.dilationWidth;
  let channel = group * uniforms.channels + index % uniforms.channels;
  // Beyond the last row: a tap that no pixel has inside.
  let outside = index >= uniforms.rows;
  return Tap(select(row, -0x40000000, outside), column, (row * uniforms.width + column) * uniforms.inChannels + channel);
}

fn xAt(pixel : Pixel, tap : Tap) -> ${inFours ? 'vec4<f32>' : 'f32'} {
  let row = pixel.row + tap.row;
  let column = pixel.column + tap.column;
  // One condition without branches: SwiftShader's compiler takes forever over dozens of them.
  let inside = (row >= 0) & (row < uniforms.height) & (column >= 0) & (column < uniforms.width);
  let at = (pixel.at * uniforms.inChannels + tap.at)${inFours ? ' / 4' : ''};
  return select(${inFours ? 'vec4<f32>(0)' : '0'}, x[select(0, at, inside)], inside);
}`

/** dy at a pixel, four output channels from `column` on. */
export const dyAt = (outFours: boolean): string => /* wgsl */ `
fn dyAt(pixel : i32, group : i32, column : i32) -> vec4<f32> {
  let at = pixel * uniforms.outChannels + group * uniforms.columns + column;
  return ${outFours ? 'dy[at / 4]' : `vec4<f32>(${counting(4).map((lane) => `select(0, dy[at + ${lane}], column + ${lane} < uniforms.columns)`)})`};
}

fn store(part : i32, group : i32, row : i32, column : i32, sum : vec4<f32>) {
  if ((row >= uniforms.rows) | (column >= uniforms.columns)) { return; }
  let to = (part * uniforms.rows + row) * uniforms.outChannels + group * uniforms.columns + column;
  ${
    outFours
      ? 'sums[to / 4] = sum;'
      : lanes((lane) => `if (column + ${lane} < uniforms.columns) { sums[to + ${lane}] = sum[${lane}]; }`)
  }
}`

const lanes = (code: (lane: number) => string): string => counting(4).map(code).join('\n  ')
