import type { KernelConfig, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { runEach } from '../kernels/webgpu-each.ts'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import type { WindowAverage } from './window-average-op.ts'
import { invertWindows, type Windows } from './windows.ts'

export const windowAverageWebgpu: readonly KernelConfig[] = ['avgPool2d', 'adaptiveAvgPool2d'].flatMap((name) => [
  webgpuKernel<{ x: Tensor4D }, WindowAverage>(name, ({ x }, attributes, gpu) =>
    addWindows(gpu, name, x, attributes, 'average'),
  ),
  webgpuKernel<{ dy: Tensor4D }, WindowAverage>(`${name}Gradient`, ({ dy }, attributes, gpu) =>
    addWindows(gpu, `${name}Gradient`, dy, attributes, 'gradient'),
  ),
])

/** One dispatch; in the gradient each element adds up what the windows that it is in give it. */
function addWindows(
  gpu: Gpu,
  label: string,
  x: Tensor4D,
  { rows, columns, margins, divisor }: WindowAverage,
  mode: 'average' | 'gradient',
): TensorInfo {
  const [tall, wide] = mode === 'average' ? [rows, columns] : [invertWindows(rows), invertWindows(columns)]
  const [images, height, width, channels] = x.shape
  const y = gpu.output([images, tall.count, wide.count, channels])
  const type = channels % 4 === 0 ? 'vec4<f32>' : 'f32'
  const blocks = type === 'f32' ? channels : channels / 4
  runEach(gpu, {
    label,
    reads: { x: [x, type] },
    writes: { y: [y, type] },
    size: images * tall.count * wide.count * blocks,
    uniforms: {
      height,
      width,
      blocks,
      outHeight: tall.count,
      outWidth: wide.count,
      ...words('tall', tall),
      ...words('wide', wide),
      ...words('rows', rows),
      ...words('columns', columns),
      rowsSize: rows.size,
      columnsSize: columns.size,
      rowsMargin: margins[0],
      columnsMargin: margins[1],
      divisor,
    },
    functions: () => /* wgsl */ `
fn floorDivide(a : i32, b : i32) -> i32 {
  return a / b - select(0, 1, a < 0 && a % b != 0);
}
// The first element of a window, and the one after its last.
fn rangeOf(windows : vec4<i32>, window : i32, size : i32, margin : i32) -> vec2<i32> {
  let start = max(floorDivide(window * windows.x - windows.y, windows.w), -margin);
  return vec2<i32>(start, min(floorDivide(window * windows.x + windows.z, windows.w), size + margin));
}
fn divisorAt(row : i32, column : i32) -> f32 {
  if (uniforms.divisor != 0) { return f32(uniforms.divisor); }
  let rows = rangeOf(${vector('rows')}, row, uniforms.rowsSize, uniforms.rowsMargin);
  let columns = rangeOf(${vector('columns')}, column, uniforms.columnsSize, uniforms.columnsMargin);
  return f32(max(1, rows.y - rows.x) * max(1, columns.y - columns.x));
}`,
    each: () => /* wgsl */ `
  let block = index % uniforms.blocks;
  let window = vec2<i32>(
    index / uniforms.blocks / uniforms.outWidth % uniforms.outHeight,
    index / uniforms.blocks % uniforms.outWidth,
  );
  let image = index / uniforms.blocks / uniforms.outWidth / uniforms.outHeight;
  let rows = rangeOf(${vector('tall')}, window.x, uniforms.height, 0);
  let columns = rangeOf(${vector('wide')}, window.y, uniforms.width, 0);
  var sum = ${type}(0.0);
  for (var row = rows.x; row < rows.y; row++) {
    // Row by row: the rounding of large windows grows with their sides and not with their area.
    var rowSum = ${type}(0.0);
    for (var column = columns.x; column < columns.y; column++) {
      let value = x[((image * uniforms.height + row) * uniforms.width + column) * uniforms.blocks + block];
      rowSum += value${mode === 'gradient' ? ' / divisorAt(row, column)' : ''};
    }
    sum += rowSum;
  }
  y[index] = sum${mode === 'average' ? ' / divisorAt(window.x, window.y)' : ''};`,
  })
  return y
}

const words = (name: string, { step, before, beyond, over }: Windows): Record<string, number> => ({
  [`${name}Step`]: step,
  [`${name}Before`]: before,
  [`${name}Beyond`]: beyond,
  [`${name}Over`]: over,
})

const vector = (name: string): string =>
  `vec4<i32>(${['Step', 'Before', 'Beyond', 'Over'].map((word) => `uniforms.${name}${word}`).join(', ')})`
