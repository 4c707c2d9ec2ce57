import { dispose, type HostTensor, type Key, type Tensor, toHost } from '@ddnet/ops'
import type { Task, Tensors } from './task.ts'

/** What the host learns of one batch. */
export interface MeasuredBatch {
  readonly loss: number
  readonly size: number
  /** Predictions and targets of the heads that have metrics. */
  readonly heads: Readonly<Record<string, { readonly predictions: HostTensor; readonly targets: HostTensor }>>
  /** The parts of the loss of a custom step, by name. */
  readonly losses?: Readonly<Record<string, number>>
  /** What a loss that is not finite was computed from, still alive: whoever gets it disposes it. */
  readonly suspect?: { readonly batch: Tensors; readonly key: Key }
}

/** How many samples a batch has. */
export const sizeOf = (batch: Tensors): number => (batch['images'] ?? Object.values(batch)[0])?.shape[0] ?? 0

/**
 * Starts reading a batch's loss, and its predictions where metrics need them, and disposes all tensors given to it as
 * soon as they are no longer needed.
 *
 * @param key of a training batch, which becomes `suspect` where its loss is not finite
 */
export function readBatch(
  task: Task,
  batch: Tensors,
  loss: Tensor,
  predictions: Tensors,
  key?: Key,
): Promise<MeasuredBatch> {
  const heads = [...new Set([...task.metrics.values()].map(({ head }) => head))]
  let suspect: MeasuredBatch['suspect']
  const read = async (): Promise<MeasuredBatch> => {
    try {
      const lossRead = toHost(loss)
      const headReads = heads.map(async (head) => {
        const [prediction, target] = await Promise.all([
          toHost(predictions[head] as Tensor),
          toHost(batch[head] as Tensor),
        ])
        return [head, { predictions: prediction, targets: target }] as const
      })
      const [lossHost, ...headHosts] = await Promise.all([lossRead, ...headReads])
      const value = Number(lossHost.data[0])
      if (key !== undefined && !Number.isFinite(value)) suspect = { batch, key }
      return {
        loss: value,
        size: sizeOf(batch),
        heads: Object.fromEntries(headHosts),
        ...(suspect === undefined ? {} : { suspect }),
      }
    } finally {
      dispose([loss, ...Object.values(predictions), ...(suspect === undefined ? Object.values(batch) : [])])
    }
  }
  return handled(read())
}

/** A promise that is awaited some steps later; until then a failure must not count as unhandled. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
