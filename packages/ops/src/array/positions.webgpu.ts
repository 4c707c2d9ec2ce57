import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { backend_util, util } from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import { bitsOf, runElementwise } from '../kernels/webgpu-elementwise.ts'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { workgroupSize } from '../kernels/webgpu-lanes.ts'

type Dtype = 'float32' | 'int32' | 'bool'

// Positions are integers throughout: tfjs's kernels round them to float32, and from 2²⁴ on to neighbours.

/** A position outside the axis gives 0. */
export const gatherWebgpu: KernelConfig = webgpuKernel<
  { x: Tensor; indices: Tensor },
  { axis: number; batchDims: number }
>('GatherV2', ({ x, indices }, { axis, batchDims }, gpu) => {
  const place = itemAt(util.parseAxisParam(axis, x.shape), 0)
  const info = backend_util.segment_util.collectGatherOpShapeInfo(x, indices, place, batchDims)
  const y = gpu.output(info.outputShape, x.dtype as Dtype)
  const size = util.sizeFromShape(info.outputShape)
  gpu.run({
    label: 'GatherV2',
    reads: { x: [x, 'i32'], indices: [indices, 'i32'] },
    writes: { y: [y, 'i32'] },
    uniforms: {
      size,
      inner: info.sliceSize,
      count: indices.size / Math.max(1, info.batchSize),
      outer: info.outerSize,
      axisSize: info.dimSize,
    },
    workgroupSize,
    workgroups: Math.ceil(size / workgroupSize),
    code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index >= uniforms.size) { return; }
  let row = index / uniforms.inner;
  let outer = row / uniforms.count; // of all batches
  let position = indices[outer / uniforms.outer * uniforms.count + row % uniforms.count];
  var value = 0;
  if (position >= 0 && position < uniforms.axisSize) {
    value = x[(outer * uniforms.axisSize + position) * uniforms.inner + index % uniforms.inner];
  }
  y[index] = value;
}`,
  })
  return y
})

/** Writes updates to their places in `y`, or adds them; those outside of it are left out. */
function scatter(
  gpu: Gpu,
  kind: 'replace' | 'add float32' | 'add int32',
  { indices, updates, y }: { indices: TensorInfo; updates: TensorInfo; y: TensorInfo },
): TensorInfo {
  const info = backend_util.calculateShapes(updates, indices, y.shape)
  const { sliceRank, numUpdates, sliceSize } = info
  const size = numUpdates * sliceSize
  const isAdded = kind !== 'replace'
  gpu.run({
    label: `scatter ${kind}`,
    variant: `${sliceRank} axes`,
    reads: { indices: [indices, 'i32'], updates: [updates, kind === 'add float32' ? 'f32' : 'i32'] },
    writes: { y: [y, isAdded ? 'atomic<i32>' : 'i32'] },
    uniforms: {
      size,
      sliceSize,
      ...Object.fromEntries(Array.from({ length: sliceRank }, (_, axis) => [`size${axis}`, itemAt(y.shape, axis)])),
    },
    workgroupSize,
    workgroups: Math.ceil(size / workgroupSize),
    code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index >= uniforms.size) { return; }
  let row = index / uniforms.sliceSize;
  var slice = 0;
  ${Array.from(
    { length: sliceRank },
    (_, axis) => `
  {
    let position = indices[row * ${sliceRank} + ${axis}];
    if (position < 0 || position >= uniforms.size${axis}) { return; }
    slice = slice * uniforms.size${axis} + position;
  }`,
  ).join('')}
  let to = slice * uniforms.sliceSize + index % uniforms.sliceSize;
  let update = updates[index];
  ${store[kind]}
}`,
  })
  return y
}

const store = {
  replace: 'y[to] = update;',
  'add int32': 'atomicAdd(&y[to], update);',
  // There is no atomic addition of floats: a sum is stored if nobody else stored one meanwhile.
  'add float32': /* wgsl */ `
  var old = atomicLoad(&y[to]);
  loop {
    let stored = atomicCompareExchangeWeak(&y[to], old, bitcast<i32>(bitcast<f32>(old) + update));
    if (stored.exchanged) { break; }
    old = stored.old_value;
  }`,
} as const

export const scatterNdWebgpu: KernelConfig = webgpuKernel<{ indices: Tensor; updates: Tensor }, { shape: number[] }>(
  'ScatterNd',
  ({ indices, updates }, { shape }, gpu) => {
    const y = gpu.output(shape, updates.dtype as Dtype)
    runElementwise(gpu, { label: 'zeros', asBits: true, reads: {}, y, value: 'I(0)' })
    const kind = updates.dtype === 'float32' ? 'add float32' : 'add int32'
    return scatter(gpu, kind, { indices, updates, y })
  },
)

export const tensorScatterUpdateWebgpu: KernelConfig = webgpuKernel<
  { tensor: Tensor; indices: Tensor; updates: Tensor },
  object
>('TensorScatterUpdate', ({ tensor, indices, updates }, _, gpu) => {
  const y = gpu.output(tensor.shape, tensor.dtype as Dtype)
  runElementwise(gpu, { label: 'copy', asBits: true, reads: { x: tensor }, y, value: 'x' })
  return scatter(gpu, 'replace', { indices, updates, y })
})

export const oneHotWebgpu: KernelConfig = webgpuKernel<
  { indices: Tensor },
  { depth: number; onValue: number; offValue: number; dtype: Dtype }
>('OneHot', ({ indices }, { depth, onValue, offValue, dtype }, gpu) => {
  const y = gpu.output([...indices.shape, depth], dtype)
  const size = indices.size * depth
  gpu.run({
    label: 'OneHot',
    reads: { indices: [indices, 'i32'] },
    writes: { y: [y, 'i32'] },
    uniforms: { size, depth, on: bitsOf(onValue, dtype), off: bitsOf(offValue, dtype) },
    workgroupSize,
    workgroups: Math.ceil(size / workgroupSize),
    code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index >= uniforms.size) { return; }
  y[index] = select(uniforms.off, uniforms.on, indices[index / uniforms.depth] == index % uniforms.depth);
}`,
  })
  return y
})
