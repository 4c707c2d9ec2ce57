import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core'
import type { PoolGeometry } from './pool-geometry.ts'

/**
 * `maxPool2dGradient` of `@ddnet/ops` in one dispatch: each element adds up the gradients of the windows whose first
 * maximum, row by row, it is. tfjs's own MaxPoolGrad takes the last maximum; the composition takes some 60 dispatches.
 */
export const maxPool2dGradient: KernelFunc = ({ inputs, attrs, backend }) => {
  const { dy, x, y } = inputs as { dy: TensorInfo; x: TensorInfo; y: TensorInfo }
  const { kernelSize, stride, padding, dilation } = attrs as unknown as PoolGeometry
  return (backend as WebGPUBackend).runWebGPUProgram(program(x.shape), [dy, x, y], 'float32', [
    { type: 'int32', data: [...kernelSize] },
    { type: 'int32', data: [...stride] },
    { type: 'int32', data: [padding[0][0], padding[1][0]] },
    { type: 'int32', data: [...dilation] },
  ])
}

function program(shape: number[]): WebGPUProgram {
  const components = shape.at(-1) === 0 || (shape.at(-1) as number) % 4 !== 0 ? 1 : 4
  const workgroupSize = 64
  return {
    variableNames: ['dy', 'x', 'y'],
    variableComponents: [components, components, components],
    outputComponent: components,
    outputShape: shape,
    uniforms: 'kernel : vec2<i32>, strides : vec2<i32>, padding : vec2<i32>, dilation : vec2<i32>,',
    workgroupSize: [workgroupSize, 1, 1],
    dispatchLayout: { x: [0, 1, 2, 3] },
    dispatch: [Math.ceil(util.sizeFromShape(shape) / components / workgroupSize), 1, 1],
    shaderKey: `maxPool2dGradient_${components}`,
    getUserCode: () => (components === 4 ? shader('vec4<f32>', 'vec4<bool>', 4) : shader('f32', 'bool', 1)),
  }
}

const shader = (float: string, bool: string, components: number): string => /* wgsl */ `
  fn main(index : i32) {
    let size = uniforms.xShape.yz;
    let windows = uniforms.yShape.yz;
    let channels = uniforms.xShape.w / ${components};
    let channel = index % channels;
    let position = vec2<i32>(index / channels / size.y % size.x, index / channels % size.y);
    let image = index / channels / size.y / size.x;
    if (image >= uniforms.xShape.x) { return; }
    let value = x[index];
    var sum = ${float}(0.0);
    // The windows that see this element through tap (row, column).
    for (var row = 0; row < uniforms.kernel.x; row++) {
      for (var column = 0; column < uniforms.kernel.y; column++) {
        let corner = position + uniforms.padding - vec2<i32>(row, column) * uniforms.dilation;
        let window = corner / uniforms.strides;
        if (any(corner < vec2<i32>(0)) || any(window * uniforms.strides != corner) || any(window >= windows)) { continue; }
        let at = ((image * windows.x + window.x) * windows.y + window.y) * channels + channel;
        let largest = y[at];
        var hit : ${bool} = value == largest;
        // Taps before this one win a tie.
        for (var earlier = 0; earlier < row * uniforms.kernel.y + column; earlier++) {
          let tap = vec2<i32>(earlier / uniforms.kernel.y, earlier % uniforms.kernel.y);
          let other = corner - uniforms.padding + tap * uniforms.dilation;
          if (any(other < vec2<i32>(0)) || any(other >= size)) { continue; }
          hit = hit & (x[((image * size.x + other.x) * size.y + other.y) * channels + channel] != ${float}(largest));
        }
        sum += select(${float}(0.0), dy[at], hit);
      }
    }
    result[index] = sum;
  }
`
