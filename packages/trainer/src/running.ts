import { type MeanState, weightedMean } from '@ddnet/metrics'
import type { MeasuredBatch } from './read-batch.ts'
import type { MetricValue, Scores } from './scores.ts'
import type { AnyMetric, MetricsOfHeads } from './task.ts'

/** Loss and metrics of the batches so far. Plain JSON, so that a resumed run logs what an unbroken one would. */
export interface Running {
  readonly loss: MeanState
  /** The parts of the loss of custom steps. */
  readonly losses: Readonly<Record<string, MeanState>>
  readonly metrics: Readonly<Record<string, unknown>>
}

/** One value for each metric. */
const forEachMetric = <T>(
  metrics: MetricsOfHeads,
  value: (name: string, metric: AnyMetric, head: string) => T,
): Record<string, T> =>
  Object.fromEntries([...metrics].map(([name, { metric, head }]) => [name, value(name, metric, head)]))

export const startRunning = (metrics: MetricsOfHeads): Running => ({
  loss: weightedMean.init(),
  losses: {},
  metrics: forEachMetric(metrics, (_, metric): unknown => metric.init()),
})

export const addBatch = (metrics: MetricsOfHeads, running: Running, batch: MeasuredBatch): Running => ({
  loss: weightedMean.update(running.loss, batch.loss, batch.size),
  losses: {
    ...running.losses,
    ...Object.fromEntries(
      Object.entries(batch.losses ?? {}).map(([name, loss]) => [
        name,
        weightedMean.update(running.losses[name] ?? weightedMean.init(), loss, batch.size),
      ]),
    ),
  },
  metrics: forEachMetric(metrics, (name, metric, head): unknown => {
    const { predictions, targets } = batch.heads[head] as MeasuredBatch['heads'][string] // every metric's head was read
    return metric.update(running.metrics[name], predictions, targets)
  }),
})

export const scoresOf = (metrics: MetricsOfHeads, running: Running): Scores => ({
  loss: weightedMean.compute(running.loss),
  ...Object.fromEntries(Object.entries(running.losses).map(([name, state]) => [name, weightedMean.compute(state)])),
  ...forEachMetric(metrics, (name, metric): MetricValue => metric.compute(running.metrics[name])),
})
