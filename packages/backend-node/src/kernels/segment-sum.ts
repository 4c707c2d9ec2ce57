import {
  add,
  floorDiv,
  type KernelConfig,
  mul,
  range,
  reshape,
  scalar,
  scatterND,
  type Tensor,
} from '@tensorflow/tfjs-core'
import { type Executor, kernel } from './kernel.ts'
import { rowSums } from './sums.ts'

type Inputs = { x: Tensor; positions: Tensor }

/**
 * TensorFlow's `ScatterNd`, which adds up rows one after the other. Of many, runs of rows are added up by themselves first, in √rows
 * copies of the result or as many as take no more memory than the rows.
 */
export const segmentSum: KernelConfig = kernel<Inputs, { count: number }>(
  'segmentSum',
  (executor: Executor, { x, positions }, { count }) => {
    const [rows, inner] = x.shape as [number, number]
    const parts = Math.min(Math.floor(Math.sqrt(rows)), Math.floor(rows / count))
    if (rows <= 2048 || parts < 2) return scatterND(reshape(positions, [-1, 1]), x, [count, inner])
    const part = floorDiv(range(0, rows, 1, 'int32'), scalar(Math.ceil(rows / parts), 'int32'))
    const places = add(positions, mul(part, scalar(count, 'int32')))
    const partial = scatterND(reshape(places, [-1, 1]), x, [parts * count, inner])
    return reshape(rowSums(executor, reshape(partial, [1, parts, count * inner])), [count, inner])
  },
)
