import { type Module, type Updates, valueAndGrad } from '@ddnet/layers'
import { dispose, type Key } from '@ddnet/ops'
import { entryOf, itemAt } from '@ddnet/ops/checks'
import type { Tensors } from '@ddnet/optimizers'
import { type LossPart, type LossParts, totalOf } from './loss-part.ts'
import { cloned, disposeOutcome, numbered, type Outcome, tensorsOfOutcome, withNumbered } from './outcome.ts'

/** The gradients of one loss, or of several that weigh the same or whose weights do not matter. */
export interface PartGradients {
  readonly name: string
  readonly grads: Tensors
  readonly weight: LossPart['weight']
}

/** What a step made of a batch, and the gradients, which the caller owns, and the buffers' next values. */
export interface Gradients {
  readonly outcome: Outcome
  readonly parts: readonly PartGradients[]
  readonly updates: Updates
}

/**
 * Runs a step forward and backward; nothing is changed.
 *
 * @param run the step, checked
 * @param accumulates whether the gradients will be averaged with those of other batches. Losses that divide by different counts
 *   then need a pass each: each has its own share in each batch
 * @param onPhase called before each pass
 */
export function computeGradients(
  model: Module,
  run: () => Outcome,
  key: Key,
  accumulates: boolean,
  onPhase: (phase: 'forward' | 'backward') => void = () => {},
): Gradients {
  const differentiate = (chosen: (losses: LossParts) => readonly string[]) => {
    let outcome: Outcome | undefined
    let names: readonly string[] = []
    onPhase('forward')
    const { loss, aux, grads, updates } = valueAndGrad(
      model,
      () => {
        const result = run()
        names = chosen(result.losses)
        const total = totalOf(names.map((name) => entryOf(result.losses, name)))
        outcome = cloned(result)
        onPhase('backward')
        return { loss: total, aux: numbered(tensorsOfOutcome(outcome)) }
      },
      { key },
    )
    loss.dispose() // those of the outcome stay
    const all = withNumbered(outcome as Outcome, aux) // `run` has run
    const { weight } = entryOf(all.losses, itemAt(names, 0)) // there is at least one loss
    return { outcome: all, updates, part: { name: names.join(), grads, weight } }
  }
  const { part, ...first } = differentiate((losses) =>
    accumulates && !weighAlike(losses) ? Object.keys(losses).slice(0, 1) : Object.keys(losses),
  )
  const parts = [part]
  try {
    const rest = accumulates && !weighAlike(first.outcome.losses) ? Object.keys(first.outcome.losses).slice(1) : []
    for (const name of rest) {
      const again = differentiate(() => [name])
      disposeOutcome(again.outcome) // the same as the first time
      again.updates.discard()
      parts.push({ ...again.part, weight: entryOf(first.outcome.losses, name).weight })
    }
    return { ...first, parts }
  } catch (error) {
    for (const { grads } of parts) dispose(Object.values(grads))
    disposeOutcome(first.outcome)
    first.updates.discard()
    throw error
  }
}

/** Whether the mean of their sum is the sum of their means: one, sums, or means over one count that the host knows. */
function weighAlike(losses: LossParts): boolean {
  const weights = Object.values(losses).map(({ weight }) => weight)
  return weights.length === 1 || (typeof weights[0] !== 'object' && new Set(weights).size === 1)
}
