/** The learning rate of the update that follows `step` earlier ones (the first has step 0). */
export interface Schedule {
  (step: number): number
  /** What has to be told how the run goes, where the rate depends on it: the trainer does. */
  readonly watchers?: readonly ScoreWatcher[]
}

/** A part of a schedule that follows the score of the validations. What it has seen goes into checkpoints. */
export interface ScoreWatcher {
  readonly name: string
  /** A run begins anew. */
  reset(): void
  /** A validation gave this score. `of` says which one it is. */
  observe(score: { readonly of: string; readonly value: number; readonly better: 'higher' | 'lower' }): void
  state(): Readonly<Record<string, number | string | null>>
  /** What `state` gave. */
  restore(state: Readonly<Record<string, unknown>>): void
}

/** The same rate at every step. */
export function constant(learningRate: number): Schedule {
  if (!(learningRate >= 0 && Number.isFinite(learningRate))) {
    throw new RangeError(`expected a learningRate of at least 0, got ${learningRate}.`)
  }
  return () => learningRate
}

/** The `learningRate` option of an optimizer as a schedule. */
export const asSchedule = (learningRate: number | Schedule): Schedule =>
  typeof learningRate === 'function' ? learningRate : constant(learningRate)

/** A schedule that is made of others, and watches what they watch. */
export function composed(parts: readonly Schedule[], rate: (step: number) => number): Schedule {
  const watchers = [...new Set(parts.flatMap((part) => part.watchers ?? []))]
  return watchers.length === 0 ? rate : Object.assign((step: number) => rate(step), { watchers })
}

/**
 * A schedule times a factor: what groups of parameters learn at, beside the others.
 *
 * @throws RangeError for a factor below 0
 * @example adamW({ learningRate: scaled(schedule, 0.1) })
 */
export function scaled(schedule: number | Schedule, factor: number): Schedule {
  if (!(factor >= 0 && Number.isFinite(factor))) {
    throw new RangeError(`scaled: expected a factor of at least 0, got ${factor}.`)
  }
  const whole = asSchedule(schedule)
  return composed([whole], (step) => factor * whole(step))
}
