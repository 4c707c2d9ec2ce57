import { dispose, type HostTensor, type Tensor, toHost } from '@ddnet/ops'
import type { Task, Tensors } from './task.ts'

/** What the host learns of one batch. */
export interface MeasuredBatch {
  readonly loss: number
  readonly size: number
  /** Predictions and targets of the heads that have metrics. */
  readonly heads: Readonly<Record<string, { readonly predictions: HostTensor; readonly targets: HostTensor }>>
}

/**
 * Starts reading a batch's loss, and its predictions where metrics need them, and disposes all tensors given to it as
 * soon as they are no longer needed.
 */
export function readBatch(task: Task, batch: Tensors, loss: Tensor, predictions: Tensors): Promise<MeasuredBatch> {
  const heads = [...new Set([...task.metrics.values()].map(({ head }) => head))]
  const targets = new Set(heads.map((head) => batch[head] as Tensor))
  const size = batch['images']?.shape[0] as number
  for (const tensor of Object.values(batch)) if (!targets.has(tensor)) tensor.dispose()
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
      return { loss: Number(lossHost.data[0]), size, heads: Object.fromEntries(headHosts) }
    } finally {
      dispose([loss, ...Object.values(predictions), ...targets])
    }
  }
  const result = read()
  // It is awaited some steps later; until then a failure must not count as unhandled.
  result.catch(() => {})
  return result
}
