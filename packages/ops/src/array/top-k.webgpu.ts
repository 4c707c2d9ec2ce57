import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { util } from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import { runEach } from '../kernels/webgpu-each.ts'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { workgroupSize } from '../kernels/webgpu-lanes.ts'
import { keyOf } from './order.webgpu.ts'

/** How many halvings of a distance one dispatch works off, on 2⁴ values that an invocation holds. */
const halvings = 4

/**
 * The positions of the k largest or smallest values along an axis, in order, the first of equal ones first. A bitonic
 * sort of pairs of a key and a position, so that no two are equal and the order is stable.
 *
 * @see Batcher 1968, "Sorting networks and their applications"
 */
export const topKIndicesWebgpu: KernelConfig = webgpuKernel<
  { x: Tensor },
  { k: number; axis: number; largest: boolean }
>('topKIndices', ({ x }, { k, axis, largest }, gpu) => {
  const count = itemAt(x.shape, axis)
  const inner = util.sizeFromShape(x.shape.slice(axis + 1))
  const columns = x.size / Math.max(1, count)
  const length = sortedLength(count)
  const pairs = scratchPairs(gpu, columns, length)
  const view = { columns, length, count, inner }
  begin(gpu, x, pairs, view, largest)
  sortPairs(gpu, pairs, view)
  const y = gpu.output(x.shape.toSpliced(axis, 1, k), 'int32')
  runEach(gpu, {
    label: 'topKIndices end',
    reads: { places: [pairs.places, 'i32'] },
    writes: { y: [y, 'i32'] },
    size: columns * k,
    uniforms: { k, length, inner },
    each: () => /* wgsl */ `
  let column = index / uniforms.inner / uniforms.k * uniforms.inner + index % uniforms.inner;
  y[index] = places[column * uniforms.length + index / uniforms.inner % uniforms.k];`,
  })
  return y
})

interface View extends Columns {
  readonly count: number
  readonly inner: number
}

/** Keys in ascending order are what is wanted: those of the largest values are turned round, bit by bit. */
function begin(gpu: Gpu, x: TensorInfo, { keys, places }: Pairs, view: View, largest: boolean): void {
  const size = view.columns * view.length
  runEach(gpu, {
    label: 'topKIndices begin',
    variant: `${x.dtype} ${largest ? 'largest' : 'smallest'}`,
    reads: { x: [x, 'i32'] },
    writes: { keys: [keys, 'i32'], places: [places, 'i32'] },
    size,
    uniforms: { length: view.length, count: view.count, inner: view.inner },
    functions: () => /* wgsl */ `
fn keyOf(word : i32) -> i32 { ${keyOf(x.dtype, 'infinity')} }`,
    each: () => /* wgsl */ `
  let column = index / uniforms.length;
  let place = index % uniforms.length;
  var key = 0x7fffffff; // what fills up comes last, as its place is behind all others
  if (place < uniforms.count) {
    let row = column / uniforms.inner * uniforms.count + place;
    key = ${largest ? '~' : ''}keyOf(x[row * uniforms.inner + column % uniforms.inner]);
  }
  keys[index] = key;
  places[index] = place;`,
  })
}

/** Keys `[columns, length]` and the positions that they come from. */
export interface Pairs {
  readonly keys: TensorInfo
  readonly places: TensorInfo
}

interface Columns {
  readonly columns: number
  /** A power of 2. */
  readonly length: number
}

/** How many pairs a column has room for, of which `count` are wanted. */
export const sortedLength = (count: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, count)))

export const scratchPairs = (gpu: Gpu, columns: number, length: number): Pairs => ({
  keys: gpu.scratch([columns, length], 'int32'),
  places: gpu.scratch([columns, length], 'int32'),
})

/** Sorts each column by its keys, and by their positions where those are equal. */
export function sortPairs(gpu: Gpu, pairs: Pairs, columns: Columns): void {
  for (let stage = 1; 2 ** stage <= columns.length; stage++) {
    for (let top = stage - 1; top >= 0; top -= halvings) merge(gpu, pairs, columns, stage, top)
  }
}

/** Of a stage, in which blocks of 2^stage are sorted, the exchanges over distances of 2^top, 2^(top − 1) … */
function merge(gpu: Gpu, { keys, places }: Pairs, view: Columns, stage: number, top: number): void {
  const count = Math.min(halvings, top + 1)
  const held = 2 ** count
  const groups = (view.columns * view.length) / held
  // In variables of their own, and no array: an index that is not constant keeps values out of registers.
  const each = (line: (i: number) => string): string =>
    Array.from({ length: held }, (_, i) => `  ${line(i)}`).join('\n')
  const exchanges = Array.from({ length: count }, (_, step) => held >> (step + 1)).flatMap((distance) =>
    [...Array(held).keys()].filter((i) => (i & distance) === 0).map((i) => [i, i + distance] as const),
  )
  gpu.run({
    label: 'sort',
    variant: `${held}`,
    reads: {},
    writes: { keys: [keys, 'i32'], places: [places, 'i32'] },
    uniforms: { groups, stage, lowest: top + 1 - count, length: view.length },
    workgroupSize,
    workgroups: Math.ceil(groups / workgroupSize),
    code: () => /* wgsl */ `
fn isAfter(key : i32, place : i32, otherKey : i32, otherPlace : i32) -> bool {
  return key > otherKey || (key == otherKey && place > otherPlace);
}
fn run(workgroup : i32, local : i32) {
  let group = workgroup * ${workgroupSize} + local;
  if (group >= uniforms.groups) { return; }
  let lowest = u32(uniforms.lowest);
  // The bits of a group's number around those of the values that it holds.
  let first = ((group >> lowest) << (lowest + ${count}u)) | (group & ((1 << lowest) - 1));
  let isDescending = (((first & (uniforms.length - 1)) >> u32(uniforms.stage)) & 1) == 1;
${each((i) => `var key${i} = keys[first + (${i} << lowest)]; var place${i} = places[first + (${i} << lowest)];`)}
${exchanges
  .map(
    ([i, j]) => `  if (isAfter(key${i}, place${i}, key${j}, place${j}) != isDescending) {
    let key = key${i}; key${i} = key${j}; key${j} = key;
    let place = place${i}; place${i} = place${j}; place${j} = place;
  }`,
  )
  .join('\n')}
${each((i) => `keys[first + (${i} << lowest)] = key${i}; places[first + (${i} << lowest)] = place${i};`)}
}`,
  })
}
