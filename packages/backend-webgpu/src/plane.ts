import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { fill, type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core'

type Shape = [batch: number, height: number, width: number, channels: number]

const workgroupSize = 64

/** A program over the elements of `indices`, int32 `[batch, outHeight, outWidth, channels]`. */
const programOverIndices = (
  { shape }: TensorInfo,
  given: Pick<WebGPUProgram, 'variableNames' | 'outputShape' | 'shaderKey' | 'getUserCode' | 'atomic'>,
): WebGPUProgram => ({
  workgroupSize: [workgroupSize, 1, 1],
  dispatchLayout: { x: [0, 1, 2, 3] },
  dispatch: [Math.ceil(util.sizeFromShape(shape) / workgroupSize), 1, 1],
  ...given,
})

/** Where element `index` of the indices points to in a tensor of shape `large`, and whether that lies in its plane. */
const findPlace = (large: string): string => /* wgsl */ `
  let channels = uniforms.indicesShape.w;
  let image = index / channels / uniforms.indicesShape.z / uniforms.indicesShape.y;
  if (image >= uniforms.indicesShape.x) { return; }
  let plane = ${large}.y * ${large}.z;
  let position = indices[index];
  let isInside = position >= 0 && position < plane;
  let place = (image * plane + position) * channels + index % channels;
`

/** `gatherPlane` of `@ddnet/ops`; 0 for a position outside its plane. */
export const gatherPlane: KernelFunc = ({ inputs, backend }) => {
  const { x, indices } = inputs as { x: TensorInfo; indices: TensorInfo }
  const program = programOverIndices(indices, {
    variableNames: ['x', 'indices'],
    outputShape: indices.shape,
    shaderKey: 'gatherPlane',
    getUserCode: () => /* wgsl */ `
      fn main(index : i32) {
        ${findPlace('uniforms.xShape')}
        if (isInside) { result[index] = x[place]; } else { result[index] = 0.0; }
      }
    `,
  })
  return (backend as WebGPUBackend).runWebGPUProgram(program, [x, indices], 'float32')
}

/** `scatterPlane` of `@ddnet/ops`: values of one position are added in any order. */
export const scatterPlane: KernelFunc = ({ inputs, attrs, backend }) =>
  scatter(inputs['dy'] as TensorInfo, inputs['indices'] as TensorInfo, attrs, backend as WebGPUBackend, 'adds')

/** `maxUnpool2d` of `@ddnet/ops`: of the values of one position, any one stays. */
export const maxUnpool2d: KernelFunc = ({ inputs, attrs, backend }) =>
  scatter(inputs['values'] as TensorInfo, inputs['indices'] as TensorInfo, attrs, backend as WebGPUBackend, 'stores')

/** Writes each value at its position into zeros; one whose position is outside its plane is left out. */
function scatter(
  values: TensorInfo,
  indices: TensorInfo,
  attributes: unknown,
  backend: WebGPUBackend,
  mode: 'adds' | 'stores',
): TensorInfo {
  const { size } = attributes as { size: readonly [number, number] }
  const [batch, , , channels] = indices.shape as Shape
  const shape: Shape = [batch, ...size, channels]
  const zeros = fill(shape, 0)
  if (values.shape.includes(0)) return zeros
  const program = programOverIndices(indices, {
    variableNames: ['values', 'indices'],
    outputShape: shape,
    atomic: true,
    shaderKey: `scatterPlane_${mode}`,
    getUserCode: () => /* wgsl */ `
      fn main(index : i32) {
        ${findPlace('uniforms.outShape')}
        if (!isInside) { return; }
        let value = values[index];
        ${mode === 'adds' ? add : 'atomicStore(&result[place], bitcast<i32>(value));'}
      }
    `,
  })
  backend.runWebGPUProgram(program, [values, indices], 'float32', [], zeros)
  return zeros
}

/** There are atomic integers alone: retry until nobody else has written in between. */
const add = /* wgsl */ `
  var old = atomicLoad(&result[place]);
  loop {
    let attempt = atomicCompareExchangeWeak(&result[place], old, bitcast<i32>(bitcast<f32>(old) + value));
    if (attempt.exchanged) { break; }
    old = attempt.old_value;
  }
`
