import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { backend_util, type KernelFunc, type SumAttrs, type TensorInfo, util } from '@tensorflow/tfjs-core'

/**
 * Sum and Mean by rows: about √n rows of numbers are added in one pass and those sums in a second, for each run of
 * neighbouring axes. tfjs's kernel reduces in a tree through workgroup memory, which adapters on the CPU emulate slowly,
 * and refuses ranks above 6.
 *
 * @param where 'everywhere', or only where `stock` cannot: for ranks above 6
 */
export const sumByRows =
  (kind: 'sum' | 'mean', where: 'everywhere' | 'above rank 6') =>
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo }
    const { axis, keepDims } = call.attrs as unknown as SumAttrs
    const axes = util.parseAxisParam(axis, x.shape)
    const groups = groupsOf(x.shape, axes)
    const possible = x.dtype === 'float32' && groups.some(({ reduced }) => reduced) && util.sizeFromShape(x.shape) > 0
    if (!possible || (where === 'above rank 6' && x.shape.length <= 6)) return stock(call)
    const [kept, reduced] = backend_util.computeOutAndReduceShapes(x.shape, axes)
    const shape = keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept
    const scale = kind === 'mean' ? 1 / util.sizeFromShape(reduced) : 1
    const { dataId } = reduceGroups(x, groups, scale, call.backend as WebGPUBackend)
    return { dataId, dtype: 'float32', shape }
  }

/** Neighbouring axes that are all reduced or all kept. */
interface Group {
  readonly size: number
  readonly reduced: boolean
}

function groupsOf(shape: readonly number[], axes: readonly number[]): Group[] {
  const groups: Group[] = []
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue
    const reduced = axes.includes(axis)
    const last = groups.at(-1)
    if (last?.reduced === reduced) groups[groups.length - 1] = { size: last.size * size, reduced }
    else groups.push({ size, reduced })
  }
  return groups
}

function reduceGroups(x: TensorInfo, groups: readonly Group[], scale: number, backend: WebGPUBackend): TensorInfo {
  const at = groups.findIndex(({ reduced }) => reduced)
  const size = (part: readonly Group[]): number => part.reduce((product, each) => product * each.size, 1)
  const shape = [size(groups.slice(0, at)), size(groups.slice(at, at + 1)), size(groups.slice(at + 1))]
  const left = groups.toSpliced(at, 1)
  const last = left.every(({ reduced }) => !reduced)
  const sums = addRows({ ...x, shape }, last ? scale : 1, backend)
  if (last) return sums
  const total = reduceGroups(sums, left, scale, backend)
  backend.disposeData(sums.dataId)
  return total
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

const workgroupSize = 64

function program(outShape: [number, number, number]): WebGPUProgram {
  const components = outShape[2] % 4 === 0 ? 4 : 1
  return {
    variableNames: ['x'],
    variableComponents: [components],
    outputComponent: components,
    outputShape: outShape,
    uniforms: 'rows : i32, scale : f32,',
    workgroupSize: [workgroupSize, 1, 1],
    dispatchLayout: { x: [0, 1, 2] },
    dispatch: [Math.ceil(util.sizeFromShape(outShape) / components / workgroupSize), 1, 1],
    shaderKey: `sumByRows_${components}`,
    getUserCode: () => shader(components),
  }
}

/** x is `[outer, count, inner / components]` and the result `[outer, parts, inner / components]`. */
const shader = (components: 1 | 4): string => /* wgsl */ `
  fn main(index : i32) {
    let blocks = uniforms.xShape.z / ${components};
    let parts = uniforms.outShape.y;
    let outer = index / (parts * blocks);
    let part = index / blocks % parts;
    let block = index % blocks;
    if (outer >= uniforms.outShape.x) { return; }
    var sum = ${components === 4 ? 'vec4<f32>(0.0)' : '0.0'};
    let end = min((part + 1) * uniforms.rows, uniforms.xShape.y);
    for (var row = part * uniforms.rows; row < end; row++) {
      // A bool that was cast to float32 is the same buffer of integers.
      sum += ${components === 4 ? 'vec4<f32>' : 'f32'}(x[(outer * uniforms.xShape.y + row) * blocks + block]);
    }
    result[index] = sum * uniforms.scale;
  }
`
