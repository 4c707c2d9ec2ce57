import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp } from '../autodiff/define-op.ts'
import { itemAt } from '../checks/item.ts'
import { type AxisTable, isIdentity, transposed } from './axis-table.ts'

export interface ResampleAttributes {
  readonly table: AxisTable
  readonly axis: number
}

/**
 * Resamples one axis with a table. It is linear, and its gradient is itself with the transposed table: so every order
 * follows from one kernel.
 */
const resampleAxisOp = defineOp('resampleAxis', {
  inputs: ['x'],
  forward: ({ x }: { x: Tensor }, { table, axis }: ResampleAttributes): Tensor => {
    const { outer, inner, shape } = layout(x, { table, axis })
    if (shape.includes(0)) return tf.zeros(shape)
    const { taps, ragged, sources, weights } = denseRows(table)
    let rows: Tensor = tf.reshape(x, [outer, table.inputSize, inner])
    if (ragged) {
      rows = tf.pad(rows, [
        [0, 0],
        [0, 1],
        [0, 0],
      ])
    }
    const inOrder = sources.length === table.inputSize && sources.every((source, index) => source === index)
    let values = inOrder ? rows : tf.gather(rows, tf.tensor1d(sources, 'int32'), 1) // [outer, outputSize · taps, inner]
    if (!weights.every((weight) => weight === 1)) {
      values = tf.mul(values, tf.tensor(weights, [1, weights.length, 1]))
    }
    if (taps > 1) values = tf.sum(tf.reshape(values, [outer, table.outputSize, taps, inner]), 2)
    return tf.reshape(values, shape)
  },
  saves: [],
  gradient: { x: (dy, _, { table, axis }) => resampleAxis(dy, transposed(table), axis) },
})

/** `x` with `axis` (≥ 0) resampled by `table`; `x` itself where the table changes nothing. */
export const resampleAxis = <T extends Tensor>(x: T, table: AxisTable, axis: number): T =>
  isIdentity(table) ? x : (resampleAxisOp({ x }, { table, axis }) as T)

/** `x` seen as `[outer, inputSize, inner]`, and the shape of the result. */
export const layout = (
  x: Tensor,
  { table, axis }: ResampleAttributes,
): { outer: number; inner: number; shape: number[] } => ({
  outer: tf.util.sizeFromShape(x.shape.slice(0, axis)),
  inner: tf.util.sizeFromShape(x.shape.slice(axis + 1)),
  shape: x.shape.map((size, index) => (index === axis ? table.outputSize : size)),
})

/**
 * The table with as many taps in every row as the longest has. What is added reads a row of zeros after the last one
 * (`ragged`), and not a value times 0, which a NaN or an infinity would survive.
 */
function denseRows({ inputSize, outputSize, starts, sources, weights }: AxisTable): {
  taps: number
  ragged: boolean
  sources: Int32Array
  weights: Float32Array
} {
  let taps = 1
  for (let row = 0; row < outputSize; row++) {
    taps = Math.max(taps, itemAt(starts, row + 1) - itemAt(starts, row))
  }
  const ragged = sources.length < outputSize * taps
  const dense = {
    taps,
    ragged,
    sources: new Int32Array(outputSize * taps).fill(inputSize),
    weights: new Float32Array(outputSize * taps).fill(1),
  }
  for (let row = 0; row < outputSize; row++) {
    const [start, end] = [starts[row], starts[row + 1]]
    dense.sources.set(sources.subarray(start, end), row * taps)
    dense.weights.set(weights.subarray(start, end), row * taps)
  }
  return dense
}
