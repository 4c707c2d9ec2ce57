import { type MeanState, type Measure, weightedMean } from '@ddnet/metrics'
import type { MeasuredLoss } from './loss-part.ts'
import type { MeasuredBatch } from './read-batch.ts'
import type { MetricValue, Scores } from './scores.ts'
import type { Json } from './snapshot.ts'

/** A loss over the batches so far: its mean under way, or its sum. */
type LossState = MeanState | { readonly total: number }

/** Losses and measures of the batches so far. */
export interface Running {
  /** By name; the only one of a step that names none is called `loss`. */
  readonly losses: Readonly<Record<string, LossState>>
  readonly measures: Readonly<Record<string, RunningMeasure>>
}

interface RunningMeasure {
  readonly state: unknown
  /** What computes the value; not there after a resume, until there was a batch. */
  readonly measure?: Measure<unknown>
  /** The value when it was saved. */
  readonly value?: unknown
}

export const emptyRunning: Running = { losses: {}, measures: {} }

/**
 * Losses and measures as plain JSON, so that a resumed run tells what an unbroken one would. With each measure's state lies its
 * value: only the step knows how to compute it, and a checkpoint may owe an event before the next step.
 */
export const saveRunning = ({ losses, measures }: Running): Json =>
  ({
    losses,
    measures: Object.fromEntries(
      Object.entries(measures).map(([name, measure]) => [name, { state: measure.state, value: computed(measure) }]),
    ),
  }) as unknown as Json // states and values of measures are plain

/**
 * What a run saved of its losses and metrics.
 * @throws Error for anything else: a file may say what it likes
 */
export function savedRunning(saved: Json): { readonly sinceValidation: Running; readonly inEpoch: Running } {
  const is = (value: unknown, ...names: string[]): boolean =>
    typeof value === 'object' && value !== null && names.every((name) => name in value)
  const { sinceValidation, inEpoch } = (is(saved) ? numbersBack(saved) : {}) as Record<string, unknown>
  const isRunning = (value: unknown): value is Running =>
    is(value, 'losses', 'measures') &&
    Object.values((value as Running).losses).every((part) => is(part)) &&
    Object.values((value as Running).measures).every((part) => is(part, 'state'))
  if (isRunning(sinceValidation) && isRunning(inEpoch)) return { sinceValidation, inEpoch }
  throw new Error(
    `fit: expected a snapshot whose 'running' has the losses and measures of a run, got ${JSON.stringify(saved)}. Resume from another one.`,
  )
}

/** JSON has no NaN: it was written as null. */
function numbersBack(value: Json): unknown {
  if (value === null) return Number.NaN
  if (typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(numbersBack)
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, numbersBack(part)]))
}

/** @throws Error where a loss was a sum of one batch and a mean of another */
export const addBatch = (running: Running, batch: Pick<MeasuredBatch, 'losses' | 'measures'>): Running => ({
  losses: {
    ...running.losses,
    ...mapped(batch.losses, (loss, name) => addLoss(running.losses[name], loss)),
  },
  measures: {
    ...running.measures,
    ...mapped(batch.measures, ({ measure, state }, name) => {
      const before = running.measures[name]
      return { measure, state: before === undefined ? state : measure.merge(before.state, state) }
    }),
  },
})

const mapped = <T, R>(record: Readonly<Record<string, T>>, of: (value: T, name: string) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value, name)]))

function addLoss(state: LossState | undefined, { value, weight }: MeasuredLoss): LossState {
  if (weight !== 'sum') {
    if (state !== undefined && 'total' in state) throw new Error(mixed)
    return weightedMean.update(state ?? weightedMean.init(), value, weight)
  }
  if (state !== undefined && !('total' in state)) throw new Error(mixed)
  return { total: (state?.total ?? 0) + value }
}

const mixed = 'A loss was a sum of one batch and a mean of another. Keep to one of them.'

/** The same with the measures that compute its values, where they are known. */
export const withMeasures = (running: Running, known: Readonly<Record<string, Measure<unknown>>>): Running => ({
  ...running,
  measures: mapped(running.measures, (each, name) => {
    const measure = each.measure ?? known[name]
    return measure === undefined ? each : { ...each, measure }
  }),
})

/** The losses by name, where they have names; NaN for one of which nothing counted. */
export function namedLosses({ losses }: Running): Readonly<Record<string, number>> | undefined {
  if (Object.keys(losses).join() === 'loss') return undefined
  return mapped(losses, meanOf)
}

const meanOf = (state: LossState): number => ('total' in state ? state.total : weightedMean.compute(state))

/** Their sum, without those of which nothing counted; NaN where that is all of them. */
export function totalLoss({ losses }: Running): number {
  const counted = Object.values(losses).filter((state) => !countsForNothing(state))
  return counted.length === 0 ? Number.NaN : counted.reduce((sum, state) => sum + meanOf(state), 0)
}

/** Whether all batches had the weight 0, as where all their labels are ignored. */
export const countsForNothing = (state: LossState): boolean => 'weight' in state && state.weight === 0

const computed = ({ measure, state, value }: RunningMeasure): unknown =>
  measure === undefined ? value : measure.compute(state)

/** The sum of the losses, those that have names, and the measures' values. */
export const scoresOf = (running: Running): Scores => ({
  loss: totalLoss(running),
  ...namedLosses(running),
  ...mapped(running.measures, (measure) => computed(measure) as MetricValue),
})
