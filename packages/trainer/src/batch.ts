import { dispose, type Tensor } from '@ddnet/ops'

/** How many samples a batch has: the first axis of its first tensor. */
export function sizeOf(batch: unknown): number {
  const tensors = Object.values(batch ?? {}).filter(isTensor)
  return tensors.find(({ rank }) => rank > 0)?.shape[0] ?? 0
}

export const isTensor = (value: unknown): value is Tensor =>
  typeof value === 'object' && value !== null && 'dataId' in value && 'dtype' in value

/** Frees all tensors of a batch, in lists and records too. */
export const disposeBatch = (batch: unknown): void => dispose(batch as Parameters<typeof dispose>[0])
