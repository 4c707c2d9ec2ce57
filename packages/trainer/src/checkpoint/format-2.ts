import { itemAt } from '@ddnet/ops/checks'
import type { Json } from '../snapshot.ts'

type Fields = Readonly<Record<string, unknown>>

interface Upgraded {
  readonly running?: Json
  readonly callbacks?: Readonly<Record<string, Json>>
  readonly optimizerSteps?: unknown
}

/**
 * A state of format 2 as format 3 has it. Before, losses had the names of heads (the only one was called `labels`), measures lay
 * in `metrics` without their values, and `earlyStopping` had its score in its name. What has another form stays, and is told where
 * it is read.
 */
export function fromFormat2<S extends Upgraded>(state: S): S {
  const { running, callbacks, optimizerSteps } = state
  return {
    ...state,
    ...(isRecord(running) && {
      running: mapFields(running, (part) => (isRecord(part) ? runningPart(part, optimizerSteps === undefined) : part)),
    }),
    ...(isRecord(callbacks) && { callbacks: earlyStoppings(callbacks) }),
  }
}

function runningPart({ losses, metrics, ...rest }: Fields, isOneModel: boolean): Fields {
  const names = isRecord(losses) ? Object.keys(losses) : []
  return {
    ...rest,
    losses: isRecord(losses) && isOneModel && names.length === 1 ? { loss: losses[itemAt(names, 0)] } : losses,
    measures: isRecord(metrics) ? mapFields(metrics, (state) => ({ state, ...accuracyOf(state) })) : metrics,
  }
}

/** Of an accuracy it follows from the state. */
function accuracyOf(state: unknown): { value?: number } {
  const { correct, count } = isRecord(state) ? state : {}
  return typeof correct === 'number' && typeof count === 'number' ? { value: correct / count } : {}
}

function earlyStoppings(callbacks: Fields): Fields {
  let found = 0
  return Object.fromEntries(
    Object.entries(callbacks).map(([name, state]) => {
      const of = /^earlyStopping\((.*)\)$/.exec(name)?.[1]
      if (of === undefined || !isRecord(state)) return [name, state]
      found++
      return [found === 1 ? 'earlyStopping' : `earlyStopping (${found})`, { of, ...state }]
    }),
  )
}

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const mapFields = (record: Fields, of: (value: unknown) => unknown): Fields =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value)]))
