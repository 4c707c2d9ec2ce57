import type { Loader } from '@ddnet/datasets'
import { dispose, tidy } from '@ddnet/ops'
import { macrotask } from './macrotask.ts'
import { type MeasuredBatch, readBatch } from './read-batch.ts'
import { addBatch, countsForNothing, scoresOf, startRunning } from './running.ts'
import type { Scores } from './scores.ts'
import type { Task, Tensors } from './task.ts'

/**
 * Loss and metrics over one epoch of `loader`, in inference. The loss is that of one batch of all samples: each batch's mean
 * counts by its weight, and one of weight 0 not at all. While one batch's results are read, the next one is already computed.
 *
 * @param stopped asked after every batch
 * @returns undefined when it was stopped
 * @throws Error where nothing counts, as where all labels are ignored: there is no mean then
 */
export async function evaluate<B>(task: Task, loader: Loader<B>, stopped: () => boolean): Promise<Scores | undefined> {
  let running = startRunning(task.metrics)
  let reading: Promise<MeasuredBatch> | undefined
  for await (const batch of loader as Loader<unknown> as Loader<Tensors>) {
    try {
      // biome-ignore lint/suspicious/noExplicitAny: tidy takes nested records of tensors and numbers, but its type has no names for them
      const { losses, predictions } = tidy(() => task.run(batch) as any) as ReturnType<Task['run']>
      const previous = reading
      reading = readBatch(task.metrics, batch, losses, predictions)
      if (previous !== undefined) running = addBatch(task.metrics, running, await previous)
    } catch (error) {
      await reading?.catch(() => {}) // it disposes what it holds
      dispose(Object.values(batch))
      throw error
    }
    await macrotask()
    if (stopped()) {
      await reading
      return undefined
    }
  }
  if (reading === undefined) throw new Error('evaluate: the loader gave no batches.')
  running = addBatch(task.metrics, running, await reading)
  for (const [head, state] of Object.entries(running.losses)) {
    if (!countsForNothing(state)) continue
    throw new Error(
      `evaluate: no target of '${head}' counts, so that there is no mean loss: all labels are ignored, or their classes weigh 0. Check the labels, ignoreIndex and classWeights.`,
    )
  }
  return scoresOf(task.metrics, running, false)
}
