import type { Measure } from '@ddnet/metrics'
import { type Key, toHost } from '@ddnet/ops'
import { entryOf } from '@ddnet/ops/checks'
import { disposeBatch, sizeOf } from './batch.ts'
import { isBroken, type MeasuredLoss, readLoss } from './loss-part.ts'
import { disposeOutcome, type Outcome } from './outcome.ts'

/** What the host learns of one batch. */
export interface MeasuredBatch {
  readonly losses: Readonly<Record<string, MeasuredLoss>>
  readonly size: number
  readonly measures: Readonly<Record<string, MeasuredState>>
  /** What a loss that is not finite was computed from, still alive: whoever gets it disposes it. */
  readonly suspect?: Suspect
}

/** A measure, and its state of this batch. */
export interface MeasuredState {
  readonly measure: Measure<unknown>
  readonly state: unknown
}

export interface Suspect {
  readonly batch: unknown
  readonly key: Key
}

/**
 * Starts reading a batch's losses and what its measures need, and disposes all tensors given to it as soon as they are no
 * longer needed.
 *
 * @param key of a training batch, which becomes `suspect` where a loss is not finite
 */
export function readBatch(batch: unknown, outcome: Outcome, key?: Key): Promise<MeasuredBatch> {
  let suspect: Suspect | undefined
  const read = async (): Promise<MeasuredBatch> => {
    try {
      const [losses, hosts] = await Promise.all([
        byName(outcome.losses, readLoss),
        byName(outcome.measures, ({ tensors }) => byName(tensors, toHost)),
      ])
      const states = Object.entries(outcome.measures).map(([name, { measure }]) => {
        const state = measure.state(entryOf(hosts, name))
        return [name, { measure, state }] as const
      })
      if (key !== undefined && Object.values(losses).some(isBroken)) suspect = { batch, key }
      return { losses, size: sizeOf(batch), measures: Object.fromEntries(states), ...(suspect && { suspect }) }
    } finally {
      disposeOutcome(outcome)
      if (suspect === undefined) disposeBatch(batch)
    }
  }
  return handled(read())
}

async function byName<T, R>(
  record: Readonly<Record<string, T>>,
  read: (value: T) => Promise<R>,
): Promise<Record<string, R>> {
  const entries = Object.entries(record).map(async ([name, value]) => [name, await read(value)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

/** A promise that is awaited some steps later; until then a failure must not count as unhandled. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
