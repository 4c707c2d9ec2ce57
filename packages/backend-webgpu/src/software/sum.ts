import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { backend_util, type KernelFunc, type SumAttrs, type TensorInfo, util } from '@tensorflow/tfjs-core'
import { dispatchFor, workgroupSize } from './tile.ts'

/**
 * Sum and Mean over neighbouring axes that are not the last ones, such as batch, height and width of
 * `[batch, height, width, channels]`, for adapters that compute on the CPU; otherwise `stock` runs. tfjs reduces in a
 * tree through workgroup memory; this one adds rows of about √n in one pass and those sums in a second.
 */
export const softwareSum =
  (kind: 'sum' | 'mean') =>
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo }
    const { axis, keepDims } = call.attrs as unknown as SumAttrs
    const axes = util.parseAxisParam(axis, x.shape)
    const [first, last] = [Math.min(...axes), Math.max(...axes)]
    const inner = util.sizeFromShape(x.shape.slice(last + 1))
    const neighbours = axes.length === last - first + 1
    if (!neighbours || inner % 4 !== 0 || x.dtype !== 'float32' || util.sizeFromShape(x.shape) === 0) return stock(call)

    const outer = util.sizeFromShape(x.shape.slice(0, first))
    const count = util.sizeFromShape(x.shape.slice(first, last + 1))
    const [kept] = backend_util.computeOutAndReduceShapes(x.shape, axes)
    const shape = keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept
    const backend = call.backend as WebGPUBackend
    const { dataId } = addRows({ ...x, shape: [outer, count, inner] }, kind === 'mean' ? 1 / count : 1, backend)
    return { dataId, dtype: 'float32', shape }
  }

/** `[outer, count, inner] → [outer, 1, inner]`, times `scale`. */
function addRows(x: TensorInfo, scale: number, backend: WebGPUBackend): TensorInfo {
  const [outer, count, inner] = x.shape as [number, number, number]
  const rows = count <= 64 ? count : Math.ceil(Math.sqrt(count))
  const parts = Math.ceil(count / rows)
  const sums = backend.runWebGPUProgram(program([outer, parts, inner]), [x], 'float32', [
    { type: 'int32', data: [rows] },
    { type: 'float32', data: [parts === 1 ? scale : 1] },
  ])
  if (parts === 1) return sums
  const total = addRows(sums, scale, backend)
  backend.disposeData(sums.dataId)
  return total
}

function program(outShape: [number, number, number]): WebGPUProgram {
  return {
    variableNames: ['x'],
    variableComponents: [4],
    outputComponent: 4,
    outputShape: outShape,
    uniforms: 'rows : i32, scale : f32,',
    workgroupSize: [workgroupSize, 1, 1],
    dispatchLayout: { x: [0, 1, 2] },
    dispatch: dispatchFor(util.sizeFromShape(outShape) / 4),
    shaderKey: 'softwareSum',
    getUserCode: () => shader,
  }
}

/** x is `[outer, count, inner / 4]` and the result `[outer, parts, inner / 4]`, in vec4s. */
const shader = /* wgsl */ `
  fn main(index : i32) {
    let blocks = uniforms.xShape.z / 4;
    let parts = uniforms.outShape.y;
    let outer = index / (parts * blocks);
    let part = index / blocks % parts;
    let block = index % blocks;
    if (outer >= uniforms.outShape.x) { return; }
    var sum = vec4<f32>(0.0);
    let end = min((part + 1) * uniforms.rows, uniforms.xShape.y);
    for (var row = part * uniforms.rows; row < end; row++) {
      sum += x[(outer * uniforms.xShape.y + row) * blocks + block];
    }
    result[index] = sum * uniforms.scale;
  }
`
