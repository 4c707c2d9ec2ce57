import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { backend_util, util } from '@tensorflow/tfjs-core'
import { itemAt, tuple } from '../checks/item.ts'
import { runEach } from '../kernels/webgpu-each.ts'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { keyOf, wordOf } from './order.webgpu.ts'

/** What is looked for: the largest or the least of ordered integers, that stand for the values. */
interface Search {
  readonly label: string
  readonly isLargest: boolean
  /** WGSL of a value's key, from its 32 bits `word`. */
  readonly key: string
  /** WGSL of a value's bits, from its key. */
  readonly value: string
}

/** `[outer, rows, inner]`, of which the rows are searched. */
interface View {
  readonly outer: number
  readonly rows: number
  readonly inner: number
}

/** Keys, and the rows that they come from. */
interface Found {
  readonly keys: TensorInfo
  readonly positions?: TensorInfo | undefined
}

/**
 * The extreme key of each column, and its first row if `positions` are wanted: each invocation looks at some rows, until
 * there is one result. Neighbouring invocations read neighbouring values.
 */
function search(gpu: Gpu, x: TensorInfo, view: View, job: Search, wanted: Found): void {
  const columns = view.outer * view.inner
  let from: { found: Found; rows: number; isRaw: boolean } = { found: { keys: x }, rows: view.rows, isRaw: true }
  do {
    // As many parts as keep a device busy, of at least 16 rows.
    const parts = columns >= 4096 ? 1 : Math.min(Math.ceil(from.rows / 16), Math.ceil(Math.sqrt(from.rows)))
    const isLast = parts <= 1
    const shape = [view.outer, parts, view.inner]
    const to: Found = isLast
      ? wanted
      : { keys: gpu.scratch(shape, 'int32'), positions: wanted.positions && gpu.scratch(shape, 'int32') }
    pass(gpu, job, { ...view, rows: from.rows, parts: Math.max(1, parts) }, from, to, isLast)
    from = { found: to, rows: parts, isRaw: false }
  } while (from.rows > 1)
}

function pass(
  gpu: Gpu,
  { label, isLargest, key, value }: Search,
  { outer, rows, inner, parts }: View & { readonly parts: number },
  from: { readonly found: Found; readonly isRaw: boolean },
  to: Found,
  isLast: boolean,
): void {
  const size = outer * parts * inner
  const hasRows = to.positions !== undefined
  const earlier = from.found.positions
  const isBetter = `candidate ${isLargest ? '>' : '<'} best`
  const row = earlier === undefined ? 'next' : 'rowsBefore[at]'
  runEach(gpu, {
    label,
    variant: `${from.isRaw ? 'values' : 'keys'}${earlier ? ' with rows' : ''} to ${hasRows ? 'rows' : ''}${isLast ? '' : ' and keys'}`,
    reads: { words: [from.found.keys, 'i32'], ...(earlier && { rowsBefore: [earlier, 'i32'] }) },
    writes: {
      ...((!hasRows || !isLast) && { keys: [to.keys, 'i32'] }),
      ...(to.positions && { positions: [to.positions, 'i32'] }),
    },
    size,
    uniforms: { rows, parts, inner },
    functions: () => /* wgsl */ `
fn keyOf(word : i32) -> i32 { ${from.isRaw ? key : 'return word;'} }
fn wordOf(key : i32) -> i32 { ${isLast ? value : 'return key;'} }`,
    each: () => /* wgsl */ `
  let column = index % uniforms.inner;
  let part = index / uniforms.inner % uniforms.parts;
  let outer = index / uniforms.inner / uniforms.parts;
  let start = outer * uniforms.rows * uniforms.inner + column;
  var next = part;
  var at = start + next * uniforms.inner;
  var best = keyOf(words[at]);
  var row = ${row};
  for (next += uniforms.parts; next < uniforms.rows; next += uniforms.parts) {
    at = start + next * uniforms.inner;
    let candidate = keyOf(words[at]);
    let isFirst = ${isBetter}${earlier === undefined ? '' : ' || (candidate == best && rowsBefore[at] < row)'};
    if (isFirst) { best = candidate; row = ${row}; }
  }
  ${!hasRows || !isLast ? 'keys[index] = wordOf(best);' : ''}
  ${hasRows ? 'positions[index] = row;' : ''}`,
  })
}

const searchOf = (label: string, dtype: string, isLargest: boolean): Search => ({
  label: `${label} of ${dtype === 'float32' ? 'floats' : 'integers'}`,
  isLargest,
  key: keyOf(dtype, isLargest ? 'largest' : 'least'),
  value: wordOf(dtype),
})

const sizeOf = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1)

/** Over any axes, of any rank and dtype, with NaN where there is one. */
function extremum(kernelName: string, search_: (dtype: string) => Search): KernelConfig {
  return webgpuKernel<
    { x: Tensor },
    { axis?: number | number[]; reductionIndices?: number | number[]; keepDims?: boolean }
  >(kernelName, ({ x }, { axis, reductionIndices, keepDims }, gpu) => {
    const axes = util.parseAxisParam((reductionIndices ?? axis) as number | number[], x.shape)
    const [kept] = backend_util.computeOutAndReduceShapes(x.shape, axes)
    const shape = keepDims === true ? backend_util.expandShapeToKeepDim(kept, axes) : kept
    const y = gpu.output(shape, x.dtype)
    // From the last axis to the first, each run of neighbours at once.
    const runs = runsOf(x.shape, axes)
    let values: TensorInfo = x
    while (runs.some(({ isReduced }) => isReduced)) {
      const at = runs.findIndex(({ isReduced }) => isReduced)
      const [run] = tuple(runs.splice(at, 1), 1)
      const outer = sizeOf(runs.slice(0, at).map(({ size }) => size))
      const inner = sizeOf(runs.slice(at).map(({ size }) => size))
      const isLast = !runs.some(({ isReduced }) => isReduced)
      const result = isLast ? y : gpu.scratch([outer, inner], x.dtype)
      search(gpu, values, { outer, rows: run.size, inner }, search_(x.dtype), { keys: result })
      values = result
    }
    return y
  })
}

interface Run {
  readonly size: number
  readonly isReduced: boolean
}

/** Neighbouring axes that are all reduced or all kept; at least one is reduced. */
function runsOf(shape: readonly number[], axes: readonly number[]): Run[] {
  const runs: Run[] = []
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue
    const isReduced = axes.includes(axis)
    const last = runs.at(-1)
    if (last?.isReduced === isReduced) runs[runs.length - 1] = { size: last.size * size, isReduced }
    else runs.push({ size, isReduced })
  }
  return runs.some(({ isReduced }) => isReduced) ? runs : [...runs, { size: 1, isReduced: true }]
}

const truth = (label: string, isLargest: boolean): Search => ({
  label,
  isLargest,
  key: 'return select(0, 1, word != 0);',
  value: 'return key;',
})

/** The first row of the extreme value; the first NaN where there is one. */
function position(kernelName: string, isLargest: boolean): KernelConfig {
  return webgpuKernel<{ x: Tensor }, { axis: number }>(kernelName, ({ x }, { axis }, gpu) => {
    const place = itemAt(util.parseAxisParam(axis, x.shape), 0)
    const y = gpu.output(x.shape.toSpliced(place, 1), 'int32')
    const view = {
      outer: sizeOf(x.shape.slice(0, place)),
      rows: itemAt(x.shape, place),
      inner: sizeOf(x.shape.slice(place + 1)),
    }
    if (x.size > 0) search(gpu, x, view, searchOf(kernelName, x.dtype, isLargest), { keys: y, positions: y })
    return y
  })
}

export const extremumWebgpu: readonly KernelConfig[] = [
  extremum('Max', (dtype) => searchOf('Max', dtype, true)),
  extremum('Min', (dtype) => searchOf('Min', dtype, false)),
  extremum('Any', () => truth('Any', true)),
  extremum('All', () => truth('All', false)),
  position('argMax', true),
  position('argMin', false),
  position('ArgMax', true),
  position('ArgMin', false),
]
