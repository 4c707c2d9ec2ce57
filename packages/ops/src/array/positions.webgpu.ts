import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { backend_util, util } from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import { runEach } from '../kernels/webgpu-each.ts'
import { bitsOf, runElementwise } from '../kernels/webgpu-elementwise.ts'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { workgroupSize } from '../kernels/webgpu-lanes.ts'
import { scratchPairs, sortedLength, sortPairs } from './top-k.webgpu.ts'

type Dtype = 'float32' | 'int32' | 'bool'

// Positions are integers throughout: tfjs's kernels round them to float32, and from 2²⁴ on to neighbours.

/** A position outside the axis gives 0. */
export const gatherWebgpu: KernelConfig = webgpuKernel<
  { x: Tensor; indices: Tensor },
  { axis: number; batchDims: number }
>('GatherV2', ({ x, indices }, { axis, batchDims }, gpu) => {
  const place = itemAt(util.parseAxisParam(axis, x.shape), 0)
  const info = backend_util.segment_util.collectGatherOpShapeInfo(x, indices, place, batchDims)
  const y = gpu.output(info.outputShape, x.dtype)
  const size = util.sizeFromShape(info.outputShape)
  runEach(gpu, {
    label: 'GatherV2',
    reads: { x: [x, 'i32'], indices: [indices, 'i32'] },
    writes: { y: [y, 'i32'] },
    size,
    uniforms: {
      inner: info.sliceSize,
      count: indices.size / Math.max(1, info.batchSize),
      outer: info.outerSize,
      axisSize: info.dimSize,
    },
    each: () => /* wgsl */ `
  let row = index / uniforms.inner;
  let outer = row / uniforms.count; // of all batches
  let position = indices[outer / uniforms.outer * uniforms.count + row % uniforms.count];
  var value = 0;
  if (position >= 0 && position < uniforms.axisSize) {
    value = x[(outer * uniforms.axisSize + position) * uniforms.inner + index % uniforms.inner];
  }
  y[index] = value;`,
  })
  return y
})

interface Scattered {
  readonly indices: TensorInfo
  readonly updates: TensorInfo
  readonly y: TensorInfo
}

/** WGSL of the slice of `y` that a row of `indices` names: −1 for one outside of it. */
const defineSliceOf = (sliceRank: number): string => /* wgsl */ `
fn sliceOf(row : i32) -> i32 {
  var slice = 0;
  ${Array.from(
    { length: sliceRank },
    (_, axis) => `
  {
    let position = indices[row * ${sliceRank} + ${axis}];
    if (position < 0 || position >= uniforms.size${axis}) { return -1; }
    slice = slice * uniforms.size${axis} + position;
  }`,
  ).join('')}
  return slice;
}`

/** Sizes of the axes that positions count. */
const sliceSizes = (y: TensorInfo, sliceRank: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: sliceRank }, (_, axis) => [`size${axis}`, itemAt(y.shape, axis)]))

/** Adds integers to their places in `y`: their sum is the same in any order. */
function addIntegers(gpu: Gpu, { indices, updates, y }: Scattered): void {
  const { sliceRank, numUpdates, sliceSize } = backend_util.calculateShapes(updates, indices, y.shape)
  const size = numUpdates * sliceSize
  runEach(gpu, {
    label: 'scatter add int32',
    variant: `${sliceRank} axes`,
    reads: { indices: [indices, 'i32'], updates: [updates, 'i32'] },
    writes: { y: [y, 'atomic<i32>'] },
    size,
    uniforms: { sliceSize, ...sliceSizes(y, sliceRank) },
    functions: () => /* wgsl */ `
${defineSliceOf(sliceRank)}`,
    each: () => /* wgsl */ `
  let slice = sliceOf(index / uniforms.sliceSize);
  if (slice >= 0) { atomicAdd(&y[slice * uniforms.sliceSize + index % uniforms.sliceSize], updates[index]); }`,
  })
}

/**
 * Adds floats to their places in `y`, always in the same order, so that a training gives the same bits again: rows are
 * sorted by their place, each block of √rows of them is added up one after the other, and what lies in several blocks in
 * the order of these. Atomics would add in the order in which invocations happen to run.
 */
function addFloats(gpu: Gpu, { indices, updates, y }: Scattered): void {
  const { sliceRank, numUpdates: rows, sliceSize: inner } = backend_util.calculateShapes(updates, indices, y.shape)
  const length = sortedLength(rows)
  const pairs = scratchPairs(gpu, 1, length)
  gpu.run({
    label: 'scatter add begin',
    variant: `${sliceRank} axes`,
    reads: { indices: [indices, 'i32'] },
    writes: { keys: [pairs.keys, 'i32'], places: [pairs.places, 'i32'] },
    uniforms: { rows, length, ...sliceSizes(y, sliceRank) },
    workgroupSize,
    workgroups: Math.ceil(length / workgroupSize),
    code: () => /* wgsl */ `
${defineSliceOf(sliceRank)}
fn run(workgroup : i32, local : i32) {
  let row = workgroup * ${workgroupSize} + local;
  if (row >= uniforms.length) { return; }
  var slice = -1;
  if (row < uniforms.rows) { slice = sliceOf(row); }
  keys[row] = select(slice, 0x7fffffff, slice < 0); // what has no place comes last
  places[row] = row;
}`,
  })
  sortPairs(gpu, pairs, { columns: 1, length })
  const perBlock = Math.max(32, Math.ceil(Math.sqrt(rows)))
  const blocks = Math.ceil(rows / perBlock)
  // Of a run of equal places that begins before a block: what the block adds; of one that goes on after it: what begins here.
  const [heads, tails] = [gpu.scratch([blocks, inner]), gpu.scratch([blocks, inner])]
  const uniforms = { rows, inner, perBlock, blocks }
  const workgroups = Math.ceil((blocks * inner) / workgroupSize)
  gpu.run({
    label: 'scatter add blocks',
    reads: { keys: [pairs.keys, 'i32'], places: [pairs.places, 'i32'], updates: [updates, 'f32'] },
    writes: { y: [y, 'f32'], heads: [heads, 'f32'], tails: [tails, 'f32'] },
    uniforms,
    workgroupSize,
    workgroups,
    code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index >= uniforms.blocks * uniforms.inner) { return; }
  let inside = index % uniforms.inner;
  let first = index / uniforms.inner * uniforms.perBlock;
  let end = min(first + uniforms.perBlock, uniforms.rows);
  var key = keys[first];
  var isHead = first > 0 && keys[max(first - 1, 0)] == key;
  var sum = 0.0;
  for (var at = first; at < end; at++) {
    let next = keys[at];
    if (next != key) {
      if (isHead) { heads[index] = sum; } else { y[key * uniforms.inner + inside] = sum; }
      isHead = false;
      key = next;
      sum = 0.0;
    }
    sum += updates[places[at] * uniforms.inner + inside];
  }
  let goesOn = end < uniforms.rows && keys[min(end, uniforms.rows - 1)] == key;
  if (isHead) { heads[index] = sum; }
  else if (goesOn) { tails[index] = sum; }
  else if (key != 0x7fffffff) { y[key * uniforms.inner + inside] = sum; }
}`,
  })
  if (blocks === 1) return
  gpu.run({
    label: 'scatter add joins',
    reads: { keys: [pairs.keys, 'i32'], heads: [heads, 'f32'], tails: [tails, 'f32'] },
    writes: { y: [y, 'f32'] },
    uniforms,
    workgroupSize,
    workgroups,
    code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index >= uniforms.blocks * uniforms.inner) { return; }
  let first = index / uniforms.inner * uniforms.perBlock;
  var end = first + uniforms.perBlock;
  if (end >= uniforms.rows) { return; }
  let key = keys[end - 1];
  let beganBefore = first > 0 && keys[max(first - 1, 0)] == key;
  if (key == 0x7fffffff || keys[end] != key || beganBefore) { return; }
  var sum = tails[index];
  var block = index;
  while (end < uniforms.rows && keys[min(end, uniforms.rows - 1)] == key) {
    block += uniforms.inner;
    sum += heads[block];
    end += uniforms.perBlock;
  }
  y[key * uniforms.inner + index % uniforms.inner] = sum;
}`,
  })
}

export const scatterNdWebgpu: KernelConfig = webgpuKernel<{ indices: Tensor; updates: Tensor }, { shape: number[] }>(
  'ScatterNd',
  ({ indices, updates }, { shape }, gpu) => {
    const y = gpu.output(shape, updates.dtype)
    runElementwise(gpu, { label: 'zeros', asBits: true, reads: {}, y, value: 'I(0)' })
    if (updates.size === 0) return y
    if (updates.dtype === 'float32') addFloats(gpu, { indices, updates, y })
    else addIntegers(gpu, { indices, updates, y })
    return y
  },
)

/** Of several updates of one place the last stays, whichever invocation comes last. */
export const tensorScatterUpdateWebgpu: KernelConfig = webgpuKernel<
  { tensor: Tensor; indices: Tensor; updates: Tensor },
  object
>('TensorScatterUpdate', ({ tensor, indices, updates }, _, gpu) => {
  const y = gpu.output(tensor.shape, tensor.dtype)
  runElementwise(gpu, { label: 'copy', asBits: true, reads: { x: tensor }, y, value: 'x' })
  if (updates.size > 0) replace(gpu, { indices, updates, y })
  return y
})

function replace(gpu: Gpu, { indices, updates, y }: Scattered): void {
  const { sliceRank, numUpdates: rows, sliceSize } = backend_util.calculateShapes(updates, indices, y.shape)
  const slices = util.sizeFromShape(y.shape) / sliceSize
  const lastRows = gpu.scratch([slices], 'int32')
  runElementwise(gpu, { label: 'zeros', asBits: true, reads: {}, y: lastRows, value: 'I(0)' })
  gpu.run({
    label: 'scatter last rows',
    variant: `${sliceRank} axes`,
    reads: { indices: [indices, 'i32'] },
    writes: { lastRows: [lastRows, 'atomic<i32>'] },
    uniforms: { rows, ...sliceSizes(y, sliceRank) },
    workgroupSize,
    workgroups: Math.ceil(rows / workgroupSize),
    code: () => /* wgsl */ `
${defineSliceOf(sliceRank)}
fn run(workgroup : i32, local : i32) {
  let row = workgroup * ${workgroupSize} + local;
  if (row >= uniforms.rows) { return; }
  let slice = sliceOf(row);
  if (slice >= 0) { atomicMax(&lastRows[slice], row + 1); }
}`,
  })
  const size = rows * sliceSize
  runEach(gpu, {
    label: 'scatter replace',
    variant: `${sliceRank} axes`,
    reads: { indices: [indices, 'i32'], updates: [updates, 'i32'], lastRows: [lastRows, 'i32'] },
    writes: { y: [y, 'i32'] },
    size,
    uniforms: { sliceSize, ...sliceSizes(y, sliceRank) },
    functions: () => /* wgsl */ `
${defineSliceOf(sliceRank)}`,
    each: () => /* wgsl */ `
  let row = index / uniforms.sliceSize;
  let slice = sliceOf(row);
  if (slice < 0 || lastRows[max(slice, 0)] != row + 1) { return; }
  y[slice * uniforms.sliceSize + index % uniforms.sliceSize] = updates[index];`,
  })
}

export const oneHotWebgpu: KernelConfig = webgpuKernel<
  { indices: Tensor },
  { depth: number; onValue: number; offValue: number; dtype: Dtype }
>('OneHot', ({ indices }, { depth, onValue, offValue, dtype }, gpu) => {
  const y = gpu.output([...indices.shape, depth], dtype)
  const size = indices.size * depth
  runEach(gpu, {
    label: 'OneHot',
    reads: { indices: [indices, 'i32'] },
    writes: { y: [y, 'i32'] },
    size,
    uniforms: { depth, on: bitsOf(onValue, dtype), off: bitsOf(offValue, dtype) },
    each: () => /* wgsl */ `
  y[index] = select(uniforms.off, uniforms.on, indices[index / uniforms.depth] == index % uniforms.depth);`,
  })
  return y
})
