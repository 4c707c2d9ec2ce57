import { itemAt, lastItem } from '@ddnet/ops/checks'
import {
  add,
  backend_util,
  cast,
  div,
  type KernelConfig,
  reshape,
  slice,
  type Tensor,
  tensor1d,
  util,
} from '@tensorflow/tfjs-core'
import { type Executor, kernel } from './kernel.ts'

/**
 * Rows that TensorFlow may add up one after the other. It adds values side by side pairwise, but rows in sequence: of four million
 * values about 100 the mean of a column is off by a hundredth.
 */
const rowsInSequence = 2048

/** TensorFlow's `Sum`. */
const plainSum = ({ execute }: Executor, x: Tensor, axes: readonly number[]): Tensor =>
  execute('Sum', [x, tensor1d([...axes], 'int32')], {
    T: { type: x.dtype === 'int32' ? 'int32' : 'float32' },
    Tidx: { type: 'int32' },
    keep_dims: false,
  })

/** Sums of the rows of `[outer, rows, inner]`: of many rows in two levels, √rows partial sums of √rows rows each. */
export function rowSums(executor: Executor, x: Tensor): Tensor {
  const [outer, rows, inner] = x.shape as [number, number, number]
  if (inner === 1 || rows <= rowsInSequence) return plainSum(executor, x, [1])
  const root = Math.floor(Math.sqrt(rows))
  // A divisor near the root saves copying.
  const divisor = Array.from({ length: root >> 1 }, (_, index) => root - index).find((size) => rows % size === 0)
  const size = divisor ?? root
  const count = Math.floor(rows / size)
  const whole = size * count === rows ? x : slice(x, [0, 0, 0], [outer, size * count, inner])
  const partial = plainSum(executor, reshape(whole, [outer, size, count * inner]), [1])
  const sums = plainSum(executor, reshape(partial, [outer, count, inner]), [1])
  if (whole === x) return sums
  return add(sums, plainSum(executor, slice(x, [0, size * count, 0], [outer, rows - size * count, inner]), [1]))
}

/** The sum over axes, which fall away: each run of neighbouring ones by itself where there are many rows. */
function sumOver(executor: Executor, x: Tensor, axes: readonly number[]): Tensor {
  if (x.dtype !== 'float32' || x.size === 0) return plainSum(executor, x, axes)
  const runs = axes
    .toSorted((a, b) => b - a)
    .reduce<number[][]>((found, axis) => {
      const last = found.at(-1)
      if (last?.[0] === axis + 1) last.unshift(axis)
      else found.push([axis])
      return found
    }, [])
  const rowsOf = (run: readonly number[]) => util.sizeFromShape(run.map((axis) => itemAt(x.shape, axis)))
  const leading = runs.filter((run) => run.at(-1) !== x.rank - 1)
  if (rowsOf(leading.flat()) <= rowsInSequence) return plainSum(executor, x, axes)
  // From the last run to the first, so that places of axes before it hold.
  return runs.reduce((sums, run) => {
    const [first, after] = [run[0], lastItem(run) + 1]
    const [before, behind] = [sums.shape.slice(0, first), sums.shape.slice(after)]
    const shape = [util.sizeFromShape(before), rowsOf(run), util.sizeFromShape(behind)]
    return reshape(rowSums(executor, reshape(sums, shape)), [...before, ...behind])
  }, x)
}

interface Reduction {
  readonly axis: number | number[]
  readonly keepDims: boolean
}

/** tfjs's kernel of a sum, in two levels where there are many values. */
export const sum: KernelConfig = kernel<{ x: Tensor }, Reduction>('Sum', (executor, { x }, { axis, keepDims }) => {
  const axes = util.parseAxisParam(axis, x.shape)
  return reshape(sumOver(executor, x, axes), shapeWithout(x, axes, keepDims))
})

/** tfjs's kernel of a mean: the sum, divided. */
export const mean: KernelConfig = kernel<{ x: Tensor }, Reduction>('Mean', (executor, { x }, { axis, keepDims }) => {
  const axes = util.parseAxisParam(axis, x.shape)
  const count = util.sizeFromShape(axes.map((each) => itemAt(x.shape, each)))
  return reshape(div(sumOver(executor, cast(x, 'float32'), axes), count), shapeWithout(x, axes, keepDims))
})

function shapeWithout(x: Tensor, axes: number[], keepDims: boolean): number[] {
  const [shape] = backend_util.computeOutAndReduceShapes(x.shape, axes)
  return keepDims ? backend_util.expandShapeToKeepDim(shape, axes) : shape
}
