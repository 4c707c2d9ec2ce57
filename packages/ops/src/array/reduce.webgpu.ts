import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { backend_util, cast, util, zeros } from '@tensorflow/tfjs-core'
import { tuple } from '../checks/item.ts'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { type Partials, sumColumns } from './column-sums.webgpu.ts'

interface Reduction {
  readonly axis: number | number[] | null
  readonly keepDims: boolean
}

/**
 * Sums over each run of neighbouring axes, in one dispatch or, of many values, in two. tfjs's own kernels move the
 * reduced axes to the end first, and refuse ranks above 6.
 */
export const sumWebgpu: KernelConfig = webgpuKernel<{ x: Tensor }, Reduction>('Sum', ({ x }, reduction, gpu) =>
  reduce(gpu, 'Sum', x, reduction),
)

export const meanWebgpu: KernelConfig = webgpuKernel<{ x: Tensor }, Reduction>('Mean', ({ x }, reduction, gpu) => {
  if (x.dtype === 'float32') return reduce(gpu, 'Mean', x, reduction)
  const floats = cast(x, 'float32')
  const y = reduce(gpu, 'Mean', floats, reduction)
  floats.dispose()
  return y
})

function reduce(gpu: Gpu, label: string, x: Tensor, { axis, keepDims }: Reduction): TensorInfo {
  const axes = util.parseAxisParam(axis as number | number[], x.shape)
  const [kept, reduced] = backend_util.computeOutAndReduceShapes(x.shape, axes)
  const shape = keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept
  const dtype = x.dtype === 'float32' ? 'float32' : 'int32'
  if (x.size === 0) return zeros(shape, dtype)
  const y = gpu.output(shape, dtype)
  const runs = runsOf(x.shape, axes)
  const count = label === 'Mean' ? util.sizeFromShape(reduced) : 1
  let values: TensorInfo = x
  while (runs.some((run) => run.reduced)) {
    const at = runs.findIndex((run) => run.reduced)
    const [run] = tuple(runs.splice(at, 1), 1)
    const isLast = !runs.some((each) => each.reduced)
    const view = { outer: sizeOf(runs.slice(0, at)), rows: run.size, inner: sizeOf(runs.slice(at)) }
    values = sumRows(gpu, label, values, { ...view, divisor: isLast ? count : 1 }, isLast ? y : undefined)
  }
  return y
}

/** Neighbouring axes that are all reduced or all kept. */
interface Run {
  readonly size: number
  readonly reduced: boolean
}

const sizeOf = (runs: readonly Run[]): number => runs.reduce((product, { size }) => product * size, 1)

function runsOf(shape: readonly number[], axes: readonly number[]): Run[] {
  const runs: Run[] = []
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue
    const reduced = axes.includes(axis)
    const last = runs.at(-1)
    if (last?.reduced === reduced) runs[runs.length - 1] = { size: last.size * size, reduced }
    else runs.push({ size, reduced })
  }
  // Where only axes of size 1 are reduced, the sum is a copy.
  return runs.some(({ reduced }) => reduced) ? runs : [...runs, { size: 1, reduced: true }]
}

/** `[outer, rows, inner] → [outer, inner]`, divided by `divisor`. */
function sumRows(
  gpu: Gpu,
  label: string,
  x: TensorInfo,
  { outer, rows, inner, divisor }: { outer: number; rows: number; inner: number; divisor: number },
  result?: TensorInfo,
): TensorInfo {
  const scalar = x.dtype === 'float32' ? 'f32' : 'i32'
  const type = scalar === 'f32' && inner % 4 === 0 ? 'vec4<f32>' : scalar
  // Values that lie together are read in fours, too, and added to one sum.
  const inFours = inner === 1 && rows % 4 === 0
  const job = {
    outer,
    blocks: type === 'vec4<f32>' ? inner / 4 : inner,
    type,
    sums: ['sum'],
    add: 'sum += x[row * uniforms.blocks + block];',
  } as const
  const four = 'let four = x[row]; sum += (four.x + four.y) + (four.z + four.w);'
  const first: Partials = sumColumns(gpu, {
    ...job,
    label,
    variant: divisor === 1 ? '' : 'divided',
    reads: { x: [x, inFours ? `vec4<${scalar}>` : type] },
    uniforms: {},
    floats: { divisor },
    rows: inFours ? rows / 4 : rows,
    ...(inFours && { add: four }),
    ...(divisor !== 1 && { end: 'sum /= uniforms.divisor;' }),
    ...(result && { result }),
  })
  if (first.parts === 1) return first.tensor
  const reads = { x: [first.tensor, type] as const }
  const last = { ...job, label: `${label} finish`, reads, uniforms: {}, rows: first.parts, mostParts: 1 }
  return sumColumns(gpu, { ...last, ...(result && { result }) }).tensor
}
