import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp } from '../engine/define-op.ts'
import { itemAt } from '../engine/item.ts'
import { gather } from './select.ts'

/**
 * Adds up rows that have the same position: `[rows, inner]` and int32 positions `[rows]` → `[count, inner]`.
 * The adjoint of gathering rows, and its gradient gathers. As ScatterNd: tfjs-wasm has no UnsortedSegmentSum, and that
 * of tfjs-backend-cpu compares every row with every position. On WebGPU the order of the additions is not fixed.
 */
const segmentSumOp = defineOp('segmentSum', {
  inputs: ['x', 'positions'],
  saves: ['positions'],
  forward: ({ x, positions }: { x: Tensor; positions: Tensor }, { count }: { count: number }): Tensor =>
    tf.scatterND(tf.reshape(positions, [-1, 1]), x, [count, itemAt(x.shape, 1)]),
  gradient: { x: (dy, { positions }) => gather(dy, positions) },
  constants: { positions: 'a position is an integer' },
})

/** As `segmentSumOp`, also where there is nothing to add. The positions were checked when they were used to gather. */
export const segmentSum = (x: Tensor2D, positions: Tensor1D, count: number): Tensor2D =>
  (x.size === 0 || count === 0 ? tf.zeros([count, x.shape[1]]) : segmentSumOp({ x, positions }, { count })) as Tensor2D
