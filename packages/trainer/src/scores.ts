import type { Direction, Measure } from '@ddnet/metrics'

/** What a metric computes: a number, one per class, or a matrix. */
export type MetricValue = number | readonly number[] | readonly (readonly number[])[]

/** The mean loss and the value of every metric, by the names given to the trainer. */
export type Scores = { readonly loss: number } & { readonly [metric: string]: MetricValue }

/** The score that decides which checkpoint is the best. */
export interface Monitored {
  readonly name: string
  readonly value: number
  readonly better: Direction
}

/** A value as its measure writes it; by default numbers with four digits that count. */
export function formatScore(measure: Measure<unknown> | undefined, value: MetricValue): string {
  const written = measure?.format?.(value)
  if (written !== undefined) return written
  return typeof value === 'number' ? value.toPrecision(4) : JSON.stringify(value)
}

/**
 * The score of that name, with the direction that its measure says.
 *
 * @throws Error where it is not there, no number, or not said to be better one way
 */
export function monitoredScore(
  name: string,
  scores: Scores,
  measures: Readonly<Record<string, Measure<unknown>>>,
): Monitored {
  const value = scores[name]
  if (value === undefined) {
    throw new Error(
      `Trainer: the validation has no score '${name}' to monitor. Its scores are ${Object.keys(scores).join(', ')}.`,
    )
  }
  if (typeof value !== 'number') {
    throw new Error(
      `Trainer: expected to monitor a number, and '${name}' is none. Monitor 'loss', or a metric that is one.`,
    )
  }
  if (name === 'loss') return { name, value, better: 'lower' }
  const better = measures[name]?.better
  if (better !== undefined) return { name, value, better }
  throw new Error(
    `Trainer: the metric '${name}' does not say which way is better, so that it cannot be monitored. Give its measure better: 'higher' or better: 'lower'.`,
  )
}
