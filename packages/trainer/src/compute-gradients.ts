import { type Updates, valueAndGrad } from '@ddnet/layers'
import { add, dispose, type Key, type Scalar } from '@ddnet/ops'
import { type LossPart, tensorsOf } from './loss-part.ts'
import type { Task, Tensors } from './task.ts'

/** The gradients of one loss, or of several whose weights do not matter. */
export interface PartGradients {
  readonly name: string
  readonly grads: Tensors
  readonly weight: LossPart['weight']
}

/** A batch's losses, predictions and gradients, which the caller owns, and the buffers' next values. */
export interface Gradients {
  readonly losses: Readonly<Record<string, LossPart>>
  readonly predictions: Tensors
  readonly parts: readonly PartGradients[]
  readonly updates: Updates
}

/**
 * Runs the model forward and backward; nothing is changed.
 *
 * @param accumulates whether the gradients will be averaged with those of other batches. Several losses then need a pass
 *   each: they may divide by different counts, so that each has its own share in each batch
 * @param onPhase called before each pass
 */
export function computeGradients(
  task: Task,
  batch: Tensors,
  key: Key,
  accumulates: boolean,
  onPhase: (phase: 'forward' | 'backward') => void = () => {},
): Gradients {
  const { heads } = task
  const passes = accumulates ? heads.map((head) => [head]) : [heads]
  let first: Omit<Gradients, 'parts'> | undefined
  const parts: PartGradients[] = []
  try {
    for (const pass of passes) {
      const { grads, ...rest } = differentiate(task, batch, key, pass, onPhase)
      if (first === undefined) first = rest
      else discard(rest) // the same again
      parts.push({ name: pass.join(), grads, weight: weightOf(first.losses, pass) })
    }
  } catch (error) {
    for (const { grads } of parts) dispose(Object.values(grads))
    if (first !== undefined) discard(first)
    throw error
  }
  return { ...(first as Omit<Gradients, 'parts'>), parts } // there is at least one loss
}

/** That of the only loss; several are never averaged with those of other batches. */
const weightOf = (losses: Gradients['losses'], heads: readonly string[]): LossPart['weight'] =>
  heads.length === 1 ? (losses[heads[0] as string] as LossPart).weight : 'sum'

function discard({ losses, predictions, updates }: Omit<Gradients, 'parts'>): void {
  dispose([...Object.values(losses).flatMap(tensorsOf), ...Object.values(predictions)])
  updates.discard()
}

function differentiate(
  task: Task,
  batch: Tensors,
  key: Key,
  heads: readonly string[],
  onPhase: (phase: 'forward' | 'backward') => void,
): Omit<Gradients, 'parts'> & { readonly grads: Tensors } {
  let parts: Gradients['losses'] = {}
  onPhase('forward')
  const { loss, aux, grads, updates } = valueAndGrad(
    task.model,
    () => {
      const result = task.run(batch)
      parts = result.losses
      const total = heads
        .map((head) => (parts[head] as LossPart).value)
        .reduce<Scalar | undefined>((sum, loss) => (sum === undefined ? loss : add(sum, loss)), undefined)
      const scalars = Object.entries(parts).flatMap(([head, part]) =>
        tensorsOf(part).map((tensor, at) => [`${at}.${head}`, tensor] as const),
      )
      onPhase('backward')
      return { loss: total as Scalar, aux: { ...prefixed(result.predictions), ...Object.fromEntries(scalars) } }
    },
    { key },
  )
  loss.dispose() // those of the parts stay
  const losses = Object.fromEntries(
    Object.entries(parts).map(([head, { weight }]): [string, LossPart] => [
      head,
      {
        value: aux[`0.${head}`] as Scalar,
        weight: typeof weight === 'object' ? (aux[`1.${head}`] as Scalar) : weight,
      },
    ]),
  )
  return { losses, predictions: unprefixed(aux), grads, updates }
}

const prefixed = (heads: Tensors): Tensors =>
  Object.fromEntries(Object.entries(heads).map(([head, tensor]) => [`head.${head}`, tensor]))
const unprefixed = (aux: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(aux).flatMap(([name, tensor]) => (name.startsWith('head.') ? [[name.slice(5), tensor]] : [])),
  )
