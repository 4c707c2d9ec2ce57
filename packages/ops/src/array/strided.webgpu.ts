import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { backend_util, slice_util, util } from '@tensorflow/tfjs-core'
import { itemAt, tuple } from '../checks/item.ts'
import { runEach } from '../kernels/webgpu-each.ts'
import { bitsOf, runElementwise } from '../kernels/webgpu-elementwise.ts'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'

/** An axis that is copied: how many elements, and how far they are apart in the source and in the result. */
interface Copied {
  readonly size: number
  readonly from: number
  readonly to: number
}

/** Copies 32-bit values, whatever they are, from `start` on along axes of any number; tfjs's kernels pass integers through float32. */
function copyStrided(
  gpu: Gpu,
  x: TensorInfo,
  y: TensorInfo,
  copied: readonly Copied[],
  start = 0,
  goal = 0,
): TensorInfo {
  const axes = joined(copied)
  const size = axes.reduce((product, axis) => product * axis.size, 1)
  runEach(gpu, {
    label: `strided copy of ${axes.length} axes`,
    reads: { x: [x, 'i32'] },
    writes: { y: [y, 'i32'] },
    size,
    uniforms: {
      start,
      goal,
      ...Object.fromEntries(
        axes.flatMap((axis, at) => [
          [`size${at}`, axis.size],
          [`from${at}`, axis.from],
          [`to${at}`, axis.to],
        ]),
      ),
    },
    each: () => /* wgsl */ `
  var rest = index;
  var source = uniforms.start;
  var place = uniforms.goal;
  ${axes
    .map(
      (_, at) => `
  source += rest % uniforms.size${at} * uniforms.from${at};
  place += rest % uniforms.size${at} * uniforms.to${at};
  rest /= uniforms.size${at};`,
    )
    .reverse()
    .join('')}
  y[place] = x[source];`,
  })
  return y
}

/** Neighbouring axes as one where they step as one. */
function joined(copied: readonly Copied[]): Copied[] {
  const axes: Copied[] = []
  for (const axis of copied) {
    if (axis.size === 1) continue
    const last = axes.at(-1)
    if (last?.from === axis.size * axis.from && last.to === axis.size * axis.to) {
      axes[axes.length - 1] = { ...axis, size: last.size * axis.size }
    } else axes.push(axis)
  }
  return axes.length > 0 ? axes : [{ size: 1, from: 0, to: 0 }]
}

const steps = (shape: readonly number[]): number[] => shape.map((_, axis) => util.sizeFromShape(shape.slice(axis + 1)))

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, each, index) => sum + each * itemAt(b, index), 0)

/** Every `strides`-th element from `begin` on. */
function part(
  gpu: Gpu,
  x: TensorInfo,
  begin: readonly number[],
  shape: readonly number[],
  strides: readonly number[] = shape.map(() => 1),
): TensorInfo {
  const [from, to] = [steps(x.shape), steps(shape)]
  const axes = shape.map((size, axis) => ({
    size,
    from: itemAt(from, axis) * itemAt(strides, axis),
    to: itemAt(to, axis),
  }))
  return copyStrided(gpu, x, gpu.output(shape, x.dtype), axes, dot(begin, from))
}

export const sliceWebgpu: KernelConfig = webgpuKernel<
  { x: Tensor },
  { begin: number | number[]; size: number | number[] }
>('Slice', ({ x }, { begin, size }, gpu) => {
  const [from, shape] = tuple(slice_util.parseSliceParams(x, begin, size), 2)
  slice_util.assertParamsValid(x, from, shape)
  return part(gpu, x, from, shape)
})

interface StridedSlice {
  readonly begin: number[]
  readonly end: number[]
  readonly strides: number[]
  readonly beginMask: number
  readonly endMask: number
  readonly ellipsisMask: number
  readonly newAxisMask: number
  readonly shrinkAxisMask: number
}

export const stridedSliceWebgpu: KernelConfig = webgpuKernel<{ x: Tensor }, StridedSlice>(
  'StridedSlice',
  ({ x }, attributes, gpu) => {
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes
    const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const
    const info = slice_util.sliceInfo(x.shape, begin, end, strides, ...masks)
    const shape = slice_util.computeOutShape(info.begin, info.end, info.strides).map((size) => Math.max(size, 0))
    // The masks add and drop axes of size 1 alone.
    return { ...part(gpu, x, info.begin, shape, info.strides), shape: info.finalShape }
  },
)

export const reverseWebgpu: KernelConfig = webgpuKernel<{ x: Tensor }, { dims: number | number[] }>(
  'Reverse',
  ({ x }, { dims }, gpu) => {
    const reversed = x.rank === 0 ? [] : util.parseAxisParam(dims, x.shape)
    const begin = x.shape.map((size, axis) => (reversed.includes(axis) ? size - 1 : 0))
    const signs = x.shape.map((_, axis) => (reversed.includes(axis) ? -1 : 1))
    return part(gpu, x, begin, x.shape, signs)
  },
)

/** Where tfjs's kernel cannot: of integers, of more than six axes, and of axes longer than its grid. */
export const transposeWebgpu: KernelConfig = webgpuKernel<{ x: Tensor }, { perm: number[] }>(
  'Transpose',
  ({ x }, { perm }, gpu) => {
    const shape = perm.map((axis) => itemAt(x.shape, axis))
    const [from, to] = [steps(x.shape), steps(shape)]
    const axes = perm.map((axis, at) => ({
      size: itemAt(shape, at),
      from: itemAt(from, axis),
      to: itemAt(to, at),
    }))
    return copyStrided(gpu, x, gpu.output(shape, x.dtype), axes)
  },
)

export const padWebgpu: KernelConfig = webgpuKernel<
  { x: Tensor },
  { paddings: [number, number][]; constantValue: number }
>('PadV2', ({ x }, { paddings, constantValue }, gpu) => {
  const shape = x.shape.map((size, axis) => size + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0))
  const y = gpu.output(shape, x.dtype)
  if (paddings.some(([before, after]) => before > 0 || after > 0)) {
    const uniforms = { bits: bitsOf(constantValue, x.dtype) }
    runElementwise(gpu, { label: 'Fill', asBits: true, reads: {}, y, value: 'I(uniforms.bits)', uniforms })
  }
  const [from, to] = [steps(x.shape), steps(shape)]
  const axes = x.shape.map((size, axis) => ({ size, from: itemAt(from, axis), to: itemAt(to, axis) }))
  const before = paddings.map(([each]) => each)
  return copyStrided(gpu, x, y, axes, 0, dot(before, to))
})

/** One dispatch for each tensor. */
function join(gpu: Gpu, tensors: readonly TensorInfo[], outer: number, shape: readonly number[]): TensorInfo {
  const y = gpu.output(shape, itemAt(tensors, 0).dtype)
  const row = util.sizeFromShape([...shape]) / Math.max(1, outer)
  let goal = 0
  for (const x of tensors) {
    const run = util.sizeFromShape(x.shape) / Math.max(1, outer)
    const axes = [
      { size: outer, from: run, to: row },
      { size: run, from: 1, to: 1 },
    ]
    if (run > 0 && outer > 0) copyStrided(gpu, x, y, axes, 0, goal)
    goal += run
  }
  return y
}

/** The engine passes a list of tensors where its types say a record. */
const listOf = (inputs: Record<string, Tensor>): Tensor[] => Object.values(inputs)

export const concatWebgpu: KernelConfig = webgpuKernel<Record<string, Tensor>, { axis: number }>(
  'Concat',
  (inputs, { axis }, gpu) => {
    const tensors = listOf(inputs)
    const shapes = tensors.map(({ shape }) => shape)
    const place = itemAt(util.parseAxisParam(axis, itemAt(shapes, 0)), 0)
    const shape = backend_util.computeOutShape(shapes, place)
    return join(gpu, tensors, util.sizeFromShape(shape.slice(0, place)), shape)
  },
)

export const packWebgpu: KernelConfig = webgpuKernel<Record<string, Tensor>, { axis: number }>(
  'Pack',
  (inputs, { axis }, gpu) => {
    const tensors = listOf(inputs)
    const { shape } = itemAt(tensors, 0)
    const place = axis < 0 ? axis + shape.length + 1 : axis
    return join(gpu, tensors, util.sizeFromShape(shape.slice(0, place)), shape.toSpliced(place, 0, tensors.length))
  },
)
