import { type MeanState, weightedMean } from '@ddnet/metrics'
import type { MeasuredLoss } from './loss-part.ts'
import type { MeasuredBatch } from './read-batch.ts'
import type { MetricValue, Scores } from './scores.ts'
import type { Json } from './snapshot.ts'
import type { AnyMetric, MetricsOfHeads } from './task.ts'

/** A loss over the batches so far: its mean under way, or its sum. */
type LossState = MeanState | { readonly total: number }

/** Losses and metrics of the batches so far. Plain JSON, so that a resumed run logs what an unbroken one would. */
export interface Running {
  /** By head, or by the names of a custom step. */
  readonly losses: Readonly<Record<string, LossState>>
  readonly metrics: Readonly<Record<string, unknown>>
}

/** One value for each metric. */
const forEachMetric = <T>(
  metrics: MetricsOfHeads,
  value: (name: string, metric: AnyMetric, head: string) => T,
): Record<string, T> =>
  Object.fromEntries([...metrics].map(([name, { metric, head }]) => [name, value(name, metric, head)]))

/**
 * What a run saved of its losses and metrics.
 * @throws Error for anything else: a file may say what it likes
 */
export function savedRunning(saved: Json): { readonly sinceValidation: Running; readonly inEpoch: Running } {
  const is = (value: unknown, ...names: string[]): boolean =>
    typeof value === 'object' && value !== null && names.every((name) => name in value)
  const { sinceValidation, inEpoch } = (is(saved) ? saved : {}) as Record<string, unknown>
  const isRunning = (value: unknown): value is Running =>
    is(value, 'losses', 'metrics') && Object.values(value as Running).every((part) => is(part))
  if (isRunning(sinceValidation) && isRunning(inEpoch)) {
    return { sinceValidation: withNamesOfToday(sinceValidation), inEpoch: withNamesOfToday(inEpoch) }
  }
  throw new Error(
    `fit: expected a snapshot whose 'running' has the losses and metrics of a run, got ${JSON.stringify(saved)}. Resume from another one.`,
  )
}

/** A model's only loss was called after the batch's `labels`, which is the `label` now. */
function withNamesOfToday(running: Running): Running {
  const { labels, ...others } = running.losses
  return labels === undefined || Object.keys(others).length > 0 ? running : { ...running, losses: { label: labels } }
}

export const startRunning = (metrics: MetricsOfHeads): Running => ({
  losses: {},
  metrics: forEachMetric(metrics, (_, metric): unknown => metric.init()),
})

export const addBatch = (metrics: MetricsOfHeads, running: Running, batch: MeasuredBatch): Running => ({
  losses: {
    ...running.losses,
    ...Object.fromEntries(
      Object.entries(batch.losses).map(([name, loss]) => [name, addLoss(running.losses[name], loss)]),
    ),
  },
  metrics: forEachMetric(metrics, (name, metric, head): unknown => {
    const { predictions, targets } = batch.heads[head] as MeasuredBatch['heads'][string] // every metric's head was read
    return metric.update(running.metrics[name], predictions, targets)
  }),
})

function addLoss(state: LossState | undefined, { value, weight }: MeasuredLoss): LossState {
  if (weight !== 'sum') {
    if (state !== undefined && 'total' in state) throw new Error(mixed)
    return weightedMean.update(state ?? weightedMean.init(), value, weight)
  }
  if (state !== undefined && !('total' in state)) throw new Error(mixed)
  return { total: (state?.total ?? 0) + value }
}

const mixed = 'A loss was a sum of one batch and a mean of another. Keep to one of them.'

/** The losses by name; NaN for one of which nothing counted. */
export const lossesOf = ({ losses }: Running): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(losses).map(([name, state]) => [name, 'total' in state ? state.total : weightedMean.compute(state)]),
  )

/** Their sum, without those of which nothing counted; NaN where that is all of them. */
export function totalLoss(running: Running): number {
  const counted = Object.entries(lossesOf(running)).filter(([name]) => !countsForNothing(running.losses[name]))
  return counted.length === 0 ? Number.NaN : counted.reduce((sum, [, loss]) => sum + loss, 0)
}

/** Whether all batches had the weight 0, as where all their labels are ignored. */
export const countsForNothing = (state: LossState | undefined): boolean =>
  state !== undefined && 'weight' in state && state.weight === 0

/** @param named whether the losses are told by name, too */
export const scoresOf = (metrics: MetricsOfHeads, running: Running, named: boolean): Scores => ({
  loss: totalLoss(running),
  ...(named ? lossesOf(running) : {}),
  ...forEachMetric(metrics, (name, metric): MetricValue => metric.compute(running.metrics[name])),
})
