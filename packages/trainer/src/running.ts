import { type MeanState, weightedMean } from '@ddnet/metrics'
import type { MeasuredBatch } from './read-batch.ts'
import type { MetricValue, Scores } from './scores.ts'
import type { AnyMetric, Task } from './task.ts'

/** Loss and metrics of the batches so far. Plain JSON, so that a resumed run logs what an unbroken one would. */
export interface Running {
  readonly loss: MeanState
  readonly metrics: Readonly<Record<string, unknown>>
}

/** One value for each metric. */
const forEachMetric = <T>(task: Task, value: (name: string, metric: AnyMetric, head: string) => T): Record<string, T> =>
  Object.fromEntries([...task.metrics].map(([name, { metric, head }]) => [name, value(name, metric, head)]))

export const startRunning = (task: Task): Running => ({
  loss: weightedMean.init(),
  metrics: forEachMetric(task, (_, metric): unknown => metric.init()),
})

export const addBatch = (task: Task, running: Running, batch: MeasuredBatch): Running => ({
  loss: weightedMean.update(running.loss, batch.loss, batch.size),
  metrics: forEachMetric(task, (name, metric, head): unknown => {
    const { predictions, targets } = batch.heads[head] as MeasuredBatch['heads'][string] // every metric's head was read
    return metric.update(running.metrics[name], predictions, targets)
  }),
})

export const scoresOf = (task: Task, running: Running): Scores => ({
  loss: weightedMean.compute(running.loss),
  ...forEachMetric(task, (name, metric): MetricValue => metric.compute(running.metrics[name])),
})
