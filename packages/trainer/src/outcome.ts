import type { Measure } from '@ddnet/metrics'
import { clone, dispose, type Tensor } from '@ddnet/ops'
import { entryOf } from '@ddnet/ops/checks'
import { sizeOf } from './batch.ts'
import { cloneParts, type LossParts, lossParts, tensorsOf } from './loss-part.ts'
import type { StepResult } from './step.ts'

/** What a step made of one batch, checked, on the device. */
export interface Outcome {
  readonly losses: LossParts
  readonly measures: Readonly<Record<string, UnreadMeasure>>
}

export interface UnreadMeasure {
  readonly measure: Measure<unknown>
  readonly tensors: Readonly<Record<string, Tensor>>
}

/**
 * What a step returned, checked.
 * @throws Error for what is no result, a measure that is none, or a name that means two things
 */
export function outcomeOf(result: StepResult, batch: unknown): Outcome {
  if (result === null || typeof result !== 'object' || !('loss' in result)) {
    const got = (result as unknown) instanceof Promise ? 'a promise. It must not be async' : shown(result)
    throw new Error(`Trainer: expected the step to return { loss, metrics }, got ${got}.`)
  }
  const losses = lossParts('Trainer: the loss', result.loss, sizeOf(batch))
  const measures = Object.entries(result.metrics ?? {}).map(([name, measure]): [string, UnreadMeasure] => {
    if (name === 'loss' || name in losses) {
      throw new Error(`Trainer: a metric cannot be called '${name}', as a loss is. Rename it.`)
    }
    const { tensors, state } = (measure ?? {}) as Partial<Measure>
    if (typeof tensors === 'object' && typeof state === 'function') return [name, { measure, tensors }]
    throw new Error(
      `Trainer: expected the metric '${name}' to be a measure, got ${shown(measure)}. As in: accuracy(logits, label), of @ddnet/metrics.`,
    )
  })
  return { losses, measures: Object.fromEntries(measures) }
}

const shown = (value: unknown): string =>
  value !== null && typeof value === 'object' ? `{ ${Object.keys(value).join(', ')} }` : String(value)

/** The same with handles of its own on all tensors: those of a step may be the batch's, or the model's. */
export const cloned = ({ losses, measures }: Outcome): Outcome => ({
  losses: cloneParts(losses),
  measures: withTensors(measures, clone),
})

const withTensors = (measures: Outcome['measures'], of: (tensor: Tensor, name: string) => Tensor) =>
  Object.fromEntries(
    Object.entries(measures).map(([name, { measure, tensors }]) => [
      name,
      {
        measure,
        tensors: Object.fromEntries(
          Object.entries(tensors).map(([part, tensor]) => [part, of(tensor, `${name}/${part}`)]),
        ),
      },
    ]),
  )

export const tensorsOfOutcome = ({ losses, measures }: Outcome): Tensor[] => [
  ...tensorsOf(losses),
  ...Object.values(measures).flatMap(({ tensors }) => Object.values(tensors)),
]

/** Tensors as a record, and back into the outcome that they are of. */
export const numbered = (tensors: readonly Tensor[]): Record<string, Tensor> =>
  Object.fromEntries(tensors.map((tensor, at) => [String(at), tensor]))

export function withNumbered({ losses, measures }: Outcome, tensors: Readonly<Record<string, Tensor>>): Outcome {
  let at = 0
  const next = () => entryOf(tensors, String(at++)) // in the order of tensorsOfOutcome
  return {
    losses: Object.fromEntries(
      Object.entries(losses).map(([name, { weight }]): [string, LossParts[string]] => {
        const value = next() as LossParts[string]['value']
        return [name, { value, weight: typeof weight === 'object' ? (next() as typeof weight) : weight }]
      }),
    ),
    measures: withTensors(measures, next),
  }
}

export const disposeOutcome = (outcome: Outcome): void => dispose(tensorsOfOutcome(outcome))
