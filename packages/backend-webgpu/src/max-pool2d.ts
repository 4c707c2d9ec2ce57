import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core'
import { gatherPlane } from './plane.ts'
import type { Pair, PoolGeometry } from './pool-geometry.ts'

/** With the size of the result, as `maxPool2d` and `maxPool2dWithIndices` get it. */
interface SizedGeometry extends PoolGeometry {
  readonly outputSize: Pair
}

/** `maxPool2d` of `@ddnet/ops`, of any dilation; tfjs's MaxPool makes −1e20 of a window of −∞. */
export const maxPool2d: KernelFunc = ({ inputs, attrs, backend }) =>
  pool(inputs['x'] as TensorInfo, attrs as unknown as SizedGeometry, 'float32', backend as WebGPUBackend)

/** `maxPool2dWithIndices` in two dispatches: the positions, and the values there. A program of tfjs has one output. */
export const maxPool2dWithIndices: KernelFunc = ({ inputs, attrs, backend }) => {
  const x = inputs['x'] as TensorInfo
  const indices = pool(x, attrs as unknown as SizedGeometry, 'int32', backend as WebGPUBackend)
  return [gatherPlane({ inputs: { x, indices }, backend }) as TensorInfo, indices]
}

/** The maxima (float32), or where they stand (int32). */
function pool(x: TensorInfo, geometry: SizedGeometry, dtype: 'float32' | 'int32', backend: WebGPUBackend): TensorInfo {
  const { kernelSize, stride, padding, dilation, outputSize } = geometry
  const [batch, , , channels] = x.shape as [number, number, number, number]
  return backend.runWebGPUProgram(program([batch, ...outputSize, channels], dtype), [x], dtype, [
    { type: 'int32', data: [...kernelSize] },
    { type: 'int32', data: [...stride] },
    { type: 'int32', data: [padding[0][0], padding[1][0]] },
    { type: 'int32', data: [...dilation] },
  ])
}

const workgroupSize = 64

function program(shape: number[], dtype: 'float32' | 'int32'): WebGPUProgram {
  const components = (shape.at(-1) as number) % 4 === 0 ? 4 : 1
  const [float, int] = components === 4 ? ['vec4<f32>', 'vec4<i32>'] : ['f32', 'i32']
  return {
    variableNames: ['x'],
    variableComponents: [components],
    outputComponent: components,
    outputShape: shape,
    uniforms: 'kernel : vec2<i32>, strides : vec2<i32>, padding : vec2<i32>, dilation : vec2<i32>,',
    workgroupSize: [workgroupSize, 1, 1],
    dispatchLayout: { x: [0, 1, 2, 3] },
    dispatch: [Math.ceil(util.sizeFromShape(shape) / components / workgroupSize), 1, 1],
    shaderKey: `maxPool2d_${dtype}_${components}`,
    getUserCode: () => /* wgsl */ `
      fn main(index : i32) {
        let size = uniforms.xShape.yz;
        let windows = uniforms.outShape.yz;
        let channels = uniforms.outShape.w / ${components};
        let channel = index % channels;
        let window = vec2<i32>(index / channels / windows.y % windows.x, index / channels % windows.y);
        let image = index / channels / windows.y / windows.x;
        if (image >= uniforms.outShape.x) { return; }
        let corner = window * uniforms.strides - uniforms.padding;
        var largest = ${float}(0.0);
        var place = ${int}(-1);
        for (var row = 0; row < uniforms.kernel.x; row++) {
          for (var column = 0; column < uniforms.kernel.y; column++) {
            let tap = corner + vec2<i32>(row, column) * uniforms.dilation;
            if (any(tap < vec2<i32>(0)) || any(tap >= size)) { continue; }
            let position = tap.x * size.y + tap.y;
            let value = x[(image * size.x * size.y + position) * channels + channel];
            // The first element is the maximum so far whatever it is: no constant is as low as −∞.
            let wins = (place < ${int}(0)) | (value > largest);
            largest = select(largest, value, wins);
            place = select(place, ${int}(position), wins);
          }
        }
        result[index] = ${dtype === 'int32' ? 'place' : 'largest'};
      }
    `,
  }
}
