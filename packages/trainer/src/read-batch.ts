import { dispose, type HostTensor, type Key, type Tensor, toHost } from '@ddnet/ops'
import { isBroken, type LossPart, type MeasuredLoss, readLoss, tensorsOf } from './loss-part.ts'
import type { MetricsOfHeads, Tensors } from './task.ts'

/** What the host learns of one batch. */
export interface MeasuredBatch {
  /** Of each head, or of a custom step each loss by its name. */
  readonly losses: Readonly<Record<string, MeasuredLoss>>
  readonly size: number
  /** Predictions and targets of the heads that have metrics. */
  readonly heads: Readonly<Record<string, { readonly predictions: HostTensor; readonly targets: HostTensor }>>
  /** What a loss that is not finite was computed from, still alive: whoever gets it disposes it. */
  readonly suspect?: { readonly batch: Tensors; readonly key: Key }
}

/** How many samples a batch has. */
export const sizeOf = (batch: Tensors): number => (batch['image'] ?? Object.values(batch)[0])?.shape[0] ?? 0

/**
 * Starts reading a batch's losses, and its predictions where metrics need them, and disposes all tensors given to it as
 * soon as they are no longer needed.
 *
 * @param key of a training batch, which becomes `suspect` where a loss is not finite
 */
export function readBatch(
  metrics: MetricsOfHeads,
  batch: Tensors,
  losses: Readonly<Record<string, LossPart>>,
  predictions: Tensors,
  key?: Key,
): Promise<MeasuredBatch> {
  const heads = [...new Set([...metrics.values()].map(({ head }) => head))]
  let suspect: MeasuredBatch['suspect']
  const read = async (): Promise<MeasuredBatch> => {
    try {
      const lossReads = Object.entries(losses).map(async ([name, part]) => [name, await readLoss(part)] as const)
      const headReads = heads.map(async (head) => {
        const [prediction, target] = await Promise.all([
          toHost(predictions[head] as Tensor),
          toHost(batch[head] as Tensor),
        ])
        return [head, { predictions: prediction, targets: target }] as const
      })
      const [lossHosts, headHosts] = await Promise.all([Promise.all(lossReads), Promise.all(headReads)])
      if (key !== undefined && lossHosts.some(([, loss]) => isBroken(loss))) suspect = { batch, key }
      return {
        losses: Object.fromEntries(lossHosts),
        size: sizeOf(batch),
        heads: Object.fromEntries(headHosts),
        ...(suspect === undefined ? {} : { suspect }),
      }
    } finally {
      dispose([
        ...Object.values(losses).flatMap(tensorsOf),
        ...Object.values(predictions),
        ...(suspect === undefined ? Object.values(batch) : []),
      ])
    }
  }
  return handled(read())
}

/** A promise that is awaited some steps later; until then a failure must not count as unhandled. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
