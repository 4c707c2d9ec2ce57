import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core'

/** Windows along one axis, as `@ddnet/ops` describes them: `⌊(i · step − before) / over⌋ … ⌊(i · step + beyond) / over⌋ − 1`. */
interface Windows {
  readonly size: number
  readonly count: number
  readonly step: number
  readonly before: number
  readonly beyond: number
  readonly over: number
}

/** The attributes of the operators `avgPool2d` and `adaptiveAvgPool2d`. */
interface WindowAverage {
  readonly rows: Windows
  readonly columns: Windows
  readonly margins: readonly [number, number]
  readonly divisor: number
}

/** `avgPool2d` and `adaptiveAvgPool2d` of `@ddnet/ops` in one dispatch. */
export const windowAverage: KernelFunc = ({ inputs, attrs, backend }) =>
  run(inputs['x'] as TensorInfo, attrs as unknown as WindowAverage, backend as WebGPUBackend, 'average')

/** Their gradients: each element adds up what the windows that it is in give it. */
export const windowAverageGradient: KernelFunc = ({ inputs, attrs, backend }) =>
  run(inputs['dy'] as TensorInfo, attrs as unknown as WindowAverage, backend as WebGPUBackend, 'gradient')

type Mode = 'average' | 'gradient'

function run(x: TensorInfo, attributes: WindowAverage, backend: WebGPUBackend, mode: Mode): TensorInfo {
  const { rows, columns, margins, divisor } = attributes
  const [tall, wide] = mode === 'average' ? [rows, columns] : [inverse(rows), inverse(columns)]
  const [batch, , , channels] = x.shape as [number, number, number, number]
  const words = ({ step, before, beyond, over }: Windows) => [step, before, beyond, over]
  return backend.runWebGPUProgram(program([batch, tall.count, wide.count, channels], mode), [x], 'float32', [
    { type: 'int32', data: words(tall) },
    { type: 'int32', data: words(wide) },
    { type: 'int32', data: words(rows) },
    { type: 'int32', data: words(columns) },
    { type: 'int32', data: [rows.size, columns.size] },
    { type: 'int32', data: [...margins] },
    { type: 'int32', data: [divisor] },
  ])
}

/** For each element of the axis, the windows that it is in. */
const inverse = ({ size, count, step, before, beyond, over }: Windows): Windows => ({
  size: count,
  count: size,
  step: over,
  before: beyond - over - step + 1,
  beyond: before + over + step - 1,
  over: step,
})

const workgroupSize = 64

function program(shape: number[], mode: Mode): WebGPUProgram {
  const components = (shape.at(-1) as number) % 4 === 0 ? 4 : 1
  const float = components === 4 ? 'vec4<f32>' : 'f32'
  return {
    variableNames: ['x'],
    variableComponents: [components],
    outputComponent: components,
    outputShape: shape,
    uniforms:
      'rows : vec4<i32>, columns : vec4<i32>, divisorRows : vec4<i32>, divisorColumns : vec4<i32>, size : vec2<i32>, margins : vec2<i32>, divisor : i32,',
    workgroupSize: [workgroupSize, 1, 1],
    dispatchLayout: { x: [0, 1, 2, 3] },
    dispatch: [Math.ceil(util.sizeFromShape(shape) / components / workgroupSize), 1, 1],
    shaderKey: `windowAverage_${mode}_${components}`,
    getUserCode: () => /* wgsl */ `
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
        let rows = rangeOf(uniforms.divisorRows, row, uniforms.size.x, uniforms.margins.x);
        let columns = rangeOf(uniforms.divisorColumns, column, uniforms.size.y, uniforms.margins.y);
        return f32(max(1, rows.y - rows.x) * max(1, columns.y - columns.x));
      }
      fn main(index : i32) {
        let size = uniforms.xShape.yz;
        let windows = uniforms.outShape.yz;
        let channels = uniforms.outShape.w / ${components};
        let channel = index % channels;
        let window = vec2<i32>(index / channels / windows.y % windows.x, index / channels % windows.y);
        let image = index / channels / windows.y / windows.x;
        if (image >= uniforms.outShape.x) { return; }
        let rows = rangeOf(uniforms.rows, window.x, size.x, 0);
        let columns = rangeOf(uniforms.columns, window.y, size.y, 0);
        var sum = ${float}(0.0);
        for (var row = rows.x; row < rows.y; row++) {
          // Row by row: the rounding of large windows grows with their sides and not with their area.
          var rowSum = ${float}(0.0);
          for (var column = columns.x; column < columns.y; column++) {
            rowSum += x[((image * size.x + row) * size.y + column) * channels + channel]${mode === 'gradient' ? ' / divisorAt(row, column)' : ''};
          }
          sum += rowSum;
        }
        result[index] = sum${mode === 'average' ? ' / divisorAt(window.x, window.y)' : ''};
      }
    `,
  }
}
