import type { Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import type { Gpu } from '../engine/webgpu-kernel.ts'
import type { ConvolutionGeometry, Pair } from './geometry.ts'
import { widthFor, workgroupSize } from './tile.webgpu.ts'

export interface FilterGradient {
  readonly x: Tensor4D
  readonly dy: Tensor4D
  readonly geometry: ConvolutionGeometry
  readonly kernelSize: Pair
  /** `[...kernelSize, inChannels / groups, outChannels]` */
  readonly gradient: TensorInfo
}

/** Told into how many parts the depth is split, calls `run` with a tensor `[parts, …gradient]`. */
type WithPartials = (parts: number, run: (partials: TensorInfo) => void) => void

/** Workgroups that keep a large GPU busy, with some left over at the end. */
const enough = 512
/** Pixels that make a part worth its share of the finishing dispatch. */
const leastPixels = 128
const mostPartialFloats = 8 * 2 ** 20 // 32 MB

/** Parts of the depth, and the pixels of each: a multiple of `step`. */
function split(
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

function sizesOf({ x, dy, geometry, kernelSize }: FilterGradient) {
  const { stride, padding, dilation, groups } = geometry
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
      strideHeight: stride[0],
      strideWidth: stride[1],
      dilationHeight: dilation[0],
      dilationWidth: dilation[1],
      top: padding[0][0],
      left: padding[1][0],
    },
  }
}

/** Where the taps of rows of the product read, and pixels of the depth. */
const places = (inFours: boolean): string => /* wgsl */ `
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
const dyAt = (outFours: boolean): string => /* wgsl */ `
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

/**
 * For GPUs: a workgroup shares tiles of 16 pixels of x and dy through its memory, and each invocation keeps 4 × 4 sums in
 * registers.
 */
export function partialSums(gpu: Gpu, what: FilterGradient, withPartials: WithPartials): void {
  const { x, dy, geometry } = what
  const { channels, columns, rows, pixels, uniforms } = sizesOf(what)
  const inFours = channels % 4 === 0
  const outFours = columns % 4 === 0
  const tileColumns = widthFor(columns)
  const tileRows = (16 * workgroupSize) / tileColumns
  const tileDepth = tileRows > 128 ? 8 : 16 // 16 KB hold no more
  const rowTiles = Math.ceil(rows / tileRows)
  const columnTiles = Math.ceil(columns / tileColumns)
  const tiles = rowTiles * columnTiles * geometry.groups
  const { parts, partPixels } = split(pixels, tiles, rows * dy.shape[3], tileDepth)
  const [, outHeight, outWidth] = dy.shape
  withPartials(parts, (sums) => {
    gpu.run({
      label: `conv2dFilterGradient ${tileRows}×${tileColumns}×${tileDepth}`,
      reads: { x: [x, inFours ? 'vec4<f32>' : 'f32'], dy: [dy, outFours ? 'vec4<f32>' : 'f32'] },
      writes: { sums: [sums, outFours ? 'vec4<f32>' : 'f32'] },
      uniforms: {
        ...uniforms,
        rowTiles,
        columnTiles,
        partPixels,
        // One tile further in the depth, as images, rows and columns of dy.
        stepImages: Math.floor(tileDepth / (outHeight * outWidth)),
        stepRows: Math.floor(tileDepth / outWidth) % outHeight,
        stepColumns: tileDepth % outWidth,
      },
      workgroupSize,
      workgroups: tiles * parts,
      code: () => tiledShader(tileRows, tileColumns, tileDepth, inFours, outFours),
    })
  })
}

function tiledShader(
  tileRows: number,
  tileColumns: number,
  tileDepth: number,
  inFours: boolean,
  outFours: boolean,
): string {
  const [down, across] = [tileRows / 4, tileColumns / 4]
  // An invocation loads the same rows of the product every time, at pixels so far apart.
  const pixelStep = Math.max(1, workgroupSize / down)
  const loads = counting(Math.ceil((down * tileDepth) / workgroupSize))
  return /* wgsl */ `
${places(inFours)}
${dyAt(outFours)}
// [pixel][row / 4] and [pixel][column / 4]
var<workgroup> tileOfX : array<vec4<f32>, ${tileDepth * down}>;
var<workgroup> tileOfDy : array<vec4<f32>, ${tileDepth * across}>;

// A pixel of dy as image, row and column.
struct OutPixel { image : i32, row : i32, column : i32 }

fn outPixelOf(index : i32) -> OutPixel {
  let row = index / uniforms.outWidth;
  return OutPixel(row / uniforms.outHeight, row % uniforms.outHeight, index % uniforms.outWidth);
}

// The pixel one tile further, without a division.
fn advance(start : OutPixel) -> OutPixel {
  var pixel = start;
  pixel.column += uniforms.stepColumns;
  pixel.row += uniforms.stepRows;
  pixel.image += uniforms.stepImages;
  if (pixel.column >= uniforms.outWidth) {
    pixel.column -= uniforms.outWidth;
    pixel.row++;
  }
  if (pixel.row >= uniforms.outHeight) {
    pixel.row -= uniforms.outHeight;
    pixel.image++;
  }
  return pixel;
}

fn run(workgroup : i32, local : i32) {
  // Tiles of the same pixels are neighbours.
  let columnTile = workgroup % uniforms.columnTiles;
  let rowTile = workgroup / uniforms.columnTiles % uniforms.rowTiles;
  let rest = workgroup / (uniforms.columnTiles * uniforms.rowTiles);
  let group = rest % uniforms.groups;
  let part = rest / uniforms.groups;
  let firstRow = rowTile * ${tileRows};
  let firstColumn = columnTile * ${tileColumns};
  let end = min((part + 1) * uniforms.partPixels, uniforms.pixels);
  let x0 = local % ${across};
  let y0 = local / ${across};
  ${counting(4)
    .map((row) => `var sum${row} = vec4<f32>(0);`)
    .join('\n  ')}
  ${(inFours ? [0] : counting(4))
    .map((lane) => `let tap${lane} = tapOf(firstRow + 4 * (local % ${down}) + ${lane}, group);`)
    .join('\n  ')}
  let begin = part * uniforms.partPixels;
  ${loads.map((load) => `var out${load} = outPixelOf(begin + local / ${down} + ${pixelStep * load});`).join('\n  ')}
  for (var start = begin; start < end; start += ${tileDepth}) {
    ${loads
      .map((load) => {
        const at = `local / ${down} + ${pixelStep * load}`
        const values = inFours
          ? 'values = xAt(pixel, tap0);'
          : `values = vec4<f32>(${counting(4).map((lane) => `xAt(pixel, tap${lane})`)});`
        return `{
      let at = ${at};
      var values = vec4<f32>(0);
      if (start + at < end) {
        let pixel = pixelAt(out${load}.image, out${load}.row, out${load}.column);
        ${values}
      }
      tileOfX[at * ${down} + local % ${down}] = values;
      out${load} = advance(out${load});
    }`
      })
      .join('\n    ')}
    for (var slot = local; slot < ${tileDepth * across}; slot += ${workgroupSize}) {
      let pixel = start + slot / ${across};
      let column = firstColumn + 4 * (slot % ${across});
      var values = vec4<f32>(0);
      if (pixel < end && column < uniforms.columns) { values = dyAt(pixel, group, column); }
      tileOfDy[slot] = values;
    }
    workgroupBarrier();
    for (var pixel = 0; pixel < ${tileDepth}; pixel++) {
      let values = tileOfX[pixel * ${down} + y0];
      let gradients = tileOfDy[pixel * ${across} + x0];
      ${['x', 'y', 'z', 'w'].map((lane, row) => `sum${row} += values.${lane} * gradients;`).join('\n      ')}
    }
    workgroupBarrier();
  }
  ${counting(4)
    .map((row) => `store(part, group, firstRow + 4 * y0 + ${row}, firstColumn + 4 * x0, sum${row});`)
    .join('\n  ')}
}`
}

/** For adapters on the CPU: an invocation keeps 8 × 16 sums in registers, and has no barrier. */
export function partialSumsDirectly(gpu: Gpu, what: FilterGradient, withPartials: WithPartials): void {
  const { x, dy, geometry } = what
  const { channels, columns, rows, pixels, uniforms } = sizesOf(what)
  const inFours = channels % 4 === 0
  const outFours = columns % 4 === 0
  const tileColumns = outFours ? Math.min(16, widthFor(columns)) : 4
  const tileRows = 8
  const rowTiles = Math.ceil(rows / tileRows)
  const columnTiles = Math.ceil(columns / tileColumns)
  const tiles = rowTiles * columnTiles * geometry.groups
  const { parts, partPixels } = split(pixels, tiles, rows * dy.shape[3], 1)
  withPartials(parts, (sums) => {
    gpu.run({
      label: `conv2dFilterGradient ${tileRows}×${tileColumns}`,
      reads: { x: [x, inFours ? 'vec4<f32>' : 'f32'], dy: [dy, outFours ? 'vec4<f32>' : 'f32'] },
      writes: { sums: [sums, outFours ? 'vec4<f32>' : 'f32'] },
      uniforms: { ...uniforms, rowTiles, columnTiles, partPixels, tiles: tiles * parts },
      workgroupSize: directSize,
      workgroups: Math.ceil((tiles * parts) / directSize),
      code: () => directShader(tileColumns / 4, inFours, outFours),
    })
  })
}

const directSize = 16

function directShader(blocks: number, inFours: boolean, outFours: boolean): string {
  const quads = counting(2)
  const all = counting(blocks)
  const eachSum = (code: (quad: number, lane: number, block: number) => string): string =>
    quads.flatMap((quad) => counting(4).flatMap((lane) => all.map((block) => code(quad, lane, block)))).join('\n      ')
  const tapLanes = inFours ? [0] : counting(4)
  return /* wgsl */ `
${places(inFours)}
${dyAt(outFours)}
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${directSize} + local;
  if (index >= uniforms.tiles) { return; }
  let firstColumn = index % uniforms.columnTiles * ${4 * blocks};
  let firstRow = index / uniforms.columnTiles % uniforms.rowTiles * 8;
  let rest = index / (uniforms.columnTiles * uniforms.rowTiles);
  let group = rest % uniforms.groups;
  let part = rest / uniforms.groups;
  let end = min((part + 1) * uniforms.partPixels, uniforms.pixels);
  ${quads.flatMap((quad) => tapLanes.map((lane) => `let tap${quad}_${lane} = tapOf(firstRow + ${4 * quad + lane}, group);`)).join('\n  ')}
  ${eachSum((quad, lane, block) => `var sum${quad}_${lane}_${block} = vec4<f32>(0);`)}
  var at = part * uniforms.partPixels;
  var column = at % uniforms.outWidth;
  var row = at / uniforms.outWidth % uniforms.outHeight;
  var image = at / (uniforms.outWidth * uniforms.outHeight);
  for (; at < end; at++) {
    let pixel = pixelAt(image, row, column);
    ${quads
      .map(
        (quad) =>
          `let x${quad} = ${inFours ? `xAt(pixel, tap${quad}_0)` : `vec4<f32>(${counting(4).map((lane) => `xAt(pixel, tap${quad}_${lane})`)})`};`,
      )
      .join('\n    ')}
    ${all
      .map(
        (block) =>
          `let dy${block} = select(vec4<f32>(0), dyAt(at, group, min(firstColumn + ${4 * block}, uniforms.columns - 1)), firstColumn + ${4 * block} < uniforms.columns);`,
      )
      .join('\n    ')}
    ${eachSum((quad, lane, block) => `sum${quad}_${lane}_${block} += x${quad}[${lane}] * dy${block};`)}
    column++;
    if (column == uniforms.outWidth) {
      column = 0;
      row++;
      if (row == uniforms.outHeight) {
        row = 0;
        image++;
      }
    }
  }
  ${eachSum((quad, lane, block) => `store(part, group, firstRow + ${4 * quad + lane}, firstColumn + ${4 * block}, sum${quad}_${lane}_${block});`)}
}`
}

const counting = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

const lanes = (code: (lane: number) => string): string => counting(4).map(code).join('\n  ')
