import type { Tensor } from '@tensorflow/tfjs-core'
import { sum } from './reduce.ts'
import { reshape } from './shape.ts'

/** The adjoint of broadcasting: sums `dy` over the axes along which a tensor of `shape` was repeated. */
export function sumToShape(dy: Tensor, shape: number[]): Tensor {
  const lead = dy.rank - shape.length
  const axes: number[] = []
  for (let axis = 0; axis < dy.rank; axis++) {
    if (axis < lead || (shape[axis - lead] === 1 && dy.shape[axis] !== 1)) axes.push(axis)
  }
  return axes.length === 0 && lead === 0 ? dy : reshape(sum(dy, axes, true), shape)
}
