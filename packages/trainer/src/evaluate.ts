import type { Loader } from '@ddnet/datasets'
import { dispose, tidy } from '@ddnet/ops'
import { macrotask } from './macrotask.ts'
import { type MeasuredBatch, readBatch } from './read-batch.ts'
import { addBatch, scoresOf, startRunning } from './running.ts'
import type { Scores } from './scores.ts'
import type { Task, Tensors } from './task.ts'

/**
 * Loss and metrics over one epoch of `loader`, in inference. The loss is the mean over samples of a loss that is a mean
 * over its batch. While one batch's results are read, the next one is already computed.
 *
 * @param stopped asked after every batch
 * @returns undefined when it was stopped
 */
export async function evaluate<B>(task: Task, loader: Loader<B>, stopped: () => boolean): Promise<Scores | undefined> {
  let running = startRunning(task.metrics)
  let reading: Promise<MeasuredBatch> | undefined
  for await (const batch of loader as Loader<unknown> as Loader<Tensors>) {
    try {
      const { loss, predictions } = tidy(() => task.run(batch))
      const previous = reading
      reading = readBatch(task, batch, loss, predictions)
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
  return scoresOf(task.metrics, addBatch(task.metrics, running, await reading))
}
