import type { KernelConfig, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { runEach } from '../kernels/webgpu-each.ts'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { type PoolGeometry, poolFields } from './geometry.ts'

/** One dispatch: an invocation takes one window of four channels (of one, where channels do not come in fours). */
export const maxPool2dWebgpu: KernelConfig = webgpuKernel<{ x: Tensor4D }, PoolGeometry>(
  'maxPool2d',
  ({ x }, geometry, gpu) => {
    const values = gpu.output(pooledShape(x, geometry))
    pool(gpu, 'maxPool2d', x, geometry, values)
    return values
  },
)

/** One dispatch that writes both results. */
export const maxPool2dWithIndicesWebgpu: KernelConfig = webgpuKernel<{ x: Tensor4D }, PoolGeometry>(
  'maxPool2dWithIndices',
  ({ x }, geometry, gpu) => {
    const shape = pooledShape(x, geometry)
    const [values, indices] = [gpu.output(shape), gpu.output(shape, 'int32')]
    pool(gpu, 'maxPool2dWithIndices', x, geometry, values, indices)
    return [values, indices]
  },
)

/**
 * One dispatch: each `dy` goes to the first maximum of its window, row by row. Where windows tile the plane, an
 * invocation reads one and writes all of its elements; where they overlap, an invocation adds up what the windows around
 * one element give it.
 */
export const maxPool2dGradientWebgpu: KernelConfig = webgpuKernel<Record<'dy' | 'x' | 'y', Tensor4D>, PoolGeometry>(
  'maxPool2dGradient',
  ({ dy, x, y }, geometry, gpu) => {
    const dx = gpu.output(x.shape)
    if (tilesPlane(geometry)) distribute(gpu, dy, x, geometry, dx)
    else collect(gpu, dy, x, y, geometry, dx)
    return dx
  },
)

const pooledShape = (x: Tensor4D, { outputSize }: PoolGeometry): Tensor4D['shape'] => [
  x.shape[0],
  ...outputSize,
  x.shape[3],
]

const tilesPlane = ({ kernelSize, stride, padding, dilation }: PoolGeometry): boolean =>
  kernelSize.every((size, axis) => size === stride[axis] && (size === 1 || dilation[axis] === 1)) &&
  padding.every(([before]) => before === 0)

/** Types of one value of a block of channels, and what the programs know of the geometry. */
function layoutOf(x: Tensor4D, geometry: PoolGeometry) {
  const [images, height, width, channels] = x.shape
  const inFours = channels % 4 === 0
  return {
    float: inFours ? ('vec4<f32>' as const) : ('f32' as const),
    int: inFours ? ('vec4<i32>' as const) : ('i32' as const),
    uint: inFours ? 'vec4<u32>' : 'u32',
    bool: inFours ? 'vec4<bool>' : 'bool',
    blocks: inFours ? channels / 4 : channels,
    uniforms: {
      images,
      height,
      width,
      blocks: inFours ? channels / 4 : channels,
      ...poolFields(geometry),
    },
  }
}

/** The block, column, row and image of a place in a grid of `[images, height, width, blocks]`. */
const findPosition = (height: string, width: string): string => /* wgsl */ `
  let block = index % uniforms.blocks;
  let column = index / uniforms.blocks % ${width};
  let row = index / uniforms.blocks / ${width} % ${height};
  let image = index / uniforms.blocks / ${width} / ${height};`

/** By the bits, since a shader may assume that no comparison meets a NaN. */
const defineIsNaN = ({ float, uint, bool }: ReturnType<typeof layoutOf>): string => /* wgsl */ `
fn isNaN(value : ${float}) -> ${bool} {
  return (bitcast<${uint}>(value) & ${uint}(0x7fffffffu)) > ${uint}(0x7f800000u);
}`

/** Finds `largest` and its `place` in the window whose first tap is at `top`, `left`. */
const findMaximum = ({ float, int }: ReturnType<typeof layoutOf>): string => /* wgsl */ `
  var largest = ${float}(0.0);
  var place = ${int}(-1);
  for (var i = 0; i < uniforms.kernelHeight; i++) {
    let atRow = top + i * uniforms.dilationHeight;
    if (atRow < 0 || atRow >= uniforms.height) { continue; }
    for (var j = 0; j < uniforms.kernelWidth; j++) {
      let atColumn = left + j * uniforms.dilationWidth;
      if (atColumn < 0 || atColumn >= uniforms.width) { continue; }
      let position = atRow * uniforms.width + atColumn;
      let value = x[(image * uniforms.height * uniforms.width + position) * uniforms.blocks + block];
      // The first element is the maximum so far whatever it is: no constant is as low as −∞.
      let wins = (place < ${int}(0)) | isNaN(value) | ((value > largest) & !isNaN(largest));
      largest = select(largest, value, wins);
      place = select(place, ${int}(position), wins);
    }
  }`

const findCorner = /* wgsl */ `
  let top = row * uniforms.strideHeight - uniforms.top;
  let left = column * uniforms.strideWidth - uniforms.left;`

function pool(
  gpu: Gpu,
  label: string,
  x: Tensor4D,
  geometry: PoolGeometry,
  values: TensorInfo,
  indices?: TensorInfo,
): void {
  const layout = layoutOf(x, geometry)
  const { float, int, blocks, uniforms } = layout
  runEach(gpu, {
    label,
    reads: { x: [x, float] },
    writes: { values: [values, float], ...(indices && { indices: [indices, int] }) },
    size: x.shape[0] * uniforms.outHeight * uniforms.outWidth * blocks,
    uniforms,
    functions: () => defineIsNaN(layout),
    each: () => /* wgsl */ `
  ${findPosition('uniforms.outHeight', 'uniforms.outWidth')}
  ${findCorner}
  ${findMaximum(layout)}
  values[index] = largest;
  ${indices === undefined ? '' : 'indices[index] = place;'}`,
  })
}

/** Windows that tile the plane, and on its lower and right edge parts of windows that were dropped, whose gradient is 0. */
function distribute(gpu: Gpu, dy: Tensor4D, x: Tensor4D, geometry: PoolGeometry, dx: TensorInfo): void {
  const layout = layoutOf(x, geometry)
  const { float, int, blocks, uniforms } = layout
  const rows = Math.ceil(uniforms.height / uniforms.strideHeight)
  const columns = Math.ceil(uniforms.width / uniforms.strideWidth)
  runEach(gpu, {
    label: 'maxPool2dGradient tiles',
    reads: { dy: [dy, float], x: [x, float] },
    writes: { dx: [dx, float] },
    size: uniforms.images * rows * columns * blocks,
    uniforms: { ...uniforms, rows, columns },
    functions: () => defineIsNaN(layout),
    each: () => /* wgsl */ `
  ${findPosition('uniforms.rows', 'uniforms.columns')}
  ${findCorner}
  ${findMaximum(layout)}
  var gradient = ${float}(0.0);
  if (row < uniforms.outHeight && column < uniforms.outWidth) {
    gradient = dy[((image * uniforms.outHeight + row) * uniforms.outWidth + column) * uniforms.blocks + block];
  }
  let bottom = min(top + uniforms.kernelHeight, uniforms.height);
  let right = min(left + uniforms.kernelWidth, uniforms.width);
  for (var atRow = top; atRow < bottom; atRow++) {
    for (var atColumn = left; atColumn < right; atColumn++) {
      let position = atRow * uniforms.width + atColumn;
      dx[(image * uniforms.height * uniforms.width + position) * uniforms.blocks + block] =
        select(${float}(0.0), gradient, place == ${int}(position));
    }
  }`,
  })
}

function collect(gpu: Gpu, dy: Tensor4D, x: Tensor4D, y: Tensor4D, geometry: PoolGeometry, dx: TensorInfo): void {
  const { float, bool, blocks, uniforms } = layoutOf(x, geometry)
  runEach(gpu, {
    label: 'maxPool2dGradient',
    reads: { dy: [dy, float], x: [x, float], y: [y, float] },
    writes: { dx: [dx, float] },
    size: uniforms.images * uniforms.height * uniforms.width * blocks,
    uniforms,
    each: () => /* wgsl */ `
  ${findPosition('uniforms.height', 'uniforms.width')}
  let size = vec2<i32>(uniforms.height, uniforms.width);
  let windows = vec2<i32>(uniforms.outHeight, uniforms.outWidth);
  let strides = vec2<i32>(uniforms.strideHeight, uniforms.strideWidth);
  let padding = vec2<i32>(uniforms.top, uniforms.left);
  let dilation = vec2<i32>(uniforms.dilationHeight, uniforms.dilationWidth);
  let value = x[index];
  var sum = ${float}(0.0);
  // The windows that see this element through tap (i, j).
  for (var i = 0; i < uniforms.kernelHeight; i++) {
    for (var j = 0; j < uniforms.kernelWidth; j++) {
      let corner = vec2<i32>(row, column) + padding - vec2<i32>(i, j) * dilation;
      let window = corner / strides;
      if (any(corner < vec2<i32>(0)) || any(window * strides != corner) || any(window >= windows)) { continue; }
      let at = ((image * windows.x + window.x) * windows.y + window.y) * uniforms.blocks + block;
      let largest = y[at];
      var hit : ${bool} = value == largest;
      // Taps before this one win a tie.
      for (var earlier = 0; earlier < i * uniforms.kernelWidth + j; earlier++) {
        let tap = vec2<i32>(earlier / uniforms.kernelWidth, earlier % uniforms.kernelWidth);
        let other = corner - padding + tap * dilation;
        if (any(other < vec2<i32>(0)) || any(other >= size)) { continue; }
        hit = hit & (x[((image * size.x + other.x) * size.y + other.y) * uniforms.blocks + block] != largest);
      }
      sum += select(${float}(0.0), dy[at], hit);
    }
  }
  dx[index] = sum;`,
  })
}
