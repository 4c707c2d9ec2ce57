import { itemAt } from '@ddnet/ops/checks'
/** A size of a tensor: a number, or a multiple of the batch size. */
export type Size = number | { readonly perBatch: number }

/** The two batch sizes that a model is traced with. What differs between the traces depends on the batch. */
export const batchSizes = [2, 3] as const

/** The size that was `first` in the one trace and `second` in the other; undefined where it is not a multiple of the batch. */
export function sizeOf(first: number, second: number): Size | undefined {
  if (first === second) return first
  return first * batchSizes[1] === second * batchSizes[0] ? { perBatch: first / batchSizes[0] } : undefined
}

export const isSame = (a: Size, b: Size): boolean =>
  typeof a === 'number' || typeof b === 'number' ? a === b : a.perBatch === b.perBatch

export const areSame = (a: readonly Size[], b: readonly Size[]): boolean =>
  a.length === b.length && a.every((size, axis) => isSame(size, itemAt(b, axis)))

/** A shape for a message: `[batch, 3, 2·batch]`. */
export const shapeText = (shape: readonly Size[]): string =>
  `[${shape.map((size) => (typeof size === 'number' ? size : size.perBatch === 1 ? 'batch' : `${size.perBatch}·batch`)).join(', ')}]`

/** The size at each of the two batch sizes. */
export const atBatches = (size: Size): [number, number] =>
  typeof size === 'number' ? [size, size] : [size.perBatch * batchSizes[0], size.perBatch * batchSizes[1]]
