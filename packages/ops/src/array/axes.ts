import type { Tensor } from '@tensorflow/tfjs-core'
import { described, expectOperand } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'

/** One axis, several, or all of them where it is left out; negative ones count from the end. An empty list means all, as in PyTorch. */
export type Axes = number | readonly number[] | null

/** `axis` of a tensor of that rank as 0 … rank − 1. */
export function axisOf(operator: string, x: Tensor, axis: number, given?: number): number {
  expectOperand(operator, 'x', x)
  const rank = given ?? x.rank
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(
      `${operator}: expected an axis in ${-rank} … ${rank - 1} for x [${x.shape}], got ${described(axis)}.`,
    )
  }
  return axis < 0 ? axis + rank : axis
}

/** `axes` as 0 … rank − 1 in ascending order. A scalar has none, and takes 0 and -1, as in PyTorch. */
export function axesOf(operator: string, x: Tensor, axes?: Axes): number[] {
  expectOperand(operator, 'x', x)
  const given = axes === undefined || axes === null ? [] : [axes].flat()
  if (given.length === 0) return x.shape.map((_, axis) => axis)
  const found = given.map((axis) => axisOf(operator, x, axis, Math.max(1, x.rank)))
  if (new Set(found).size !== found.length) {
    throw new ShapeError(`${operator}: expected each axis once, got [${given}] for x [${x.shape}].`)
  }
  return x.rank === 0 ? [] : found.sort((a, b) => a - b)
}

/** The shape of a reduction over `axes`: they are left out, or kept with size 1. */
export const reducedShape = (shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] =>
  shape.flatMap((size, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [size]))

/** Some operators have no value over no numbers at all. */
export function expectValues(operator: string, x: Tensor, axes: readonly number[]): void {
  if (axes.some((axis) => x.shape[axis] === 0)) {
    throw new ShapeError(
      `${operator}: expected at least one value to reduce, got x [${x.shape}] over [${axes}]. Drop empty batches first.`,
    )
  }
}

/** The shape that several shapes broadcast to, aligned at the last axis. */
export function broadcastShapes(operator: string, ...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)
    const size = sizes.find((each) => each !== 1) ?? 1
    if (sizes.some((each) => each !== 1 && each !== size)) {
      throw new ShapeError(
        `${operator}: expected shapes that broadcast, got ${shapes.map((shape) => `[${shape}]`).join(' and ')}. Sizes must be equal or 1.`,
      )
    }
    return size
  })
}

/** Positions are int32. */
export function expectIndices(operator: string, name: string, indices: Tensor): void {
  expectOperand(operator, name, indices)
  if (indices.dtype !== 'int32') {
    throw new ShapeError(
      `${operator}: expected int32 ${name}, got ${indices.dtype}. Cast them: cast(${name}, 'int32').`,
    )
  }
}
