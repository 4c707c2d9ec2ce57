import { valueAndGrad } from '@ddnet/layers'
import { dispose, type Key, type Tensor } from '@ddnet/ops'
import type { Optimizer, OptimizerState } from '@ddnet/optimizers'
import type { Task, Tensors } from './task.ts'

/** A step that was computed and has not changed the model. */
interface ComputedStep {
  readonly loss: Tensor
  readonly predictions: Tensors
  readonly next: ReturnType<Optimizer['update']>
  readonly updates: { commit(): void; discard(): void }
}

/** Loss and gradients, and the optimizer's update. The caller owns all that is returned. */
function computeStep(task: Task, optimizer: Optimizer, state: OptimizerState, batch: Tensors, key: Key): ComputedStep {
  const { loss, aux, grads, updates } = valueAndGrad(
    task.model,
    (context) => {
      const { loss, predictions } = task.run(batch, context)
      return { ...prefixed(predictions), loss }
    },
    { key },
  )
  try {
    const next = optimizer.update(grads, state, valuesOf(task.model.parameters()))
    return { loss, predictions: unprefixed(aux), next, updates }
  } catch (error) {
    dispose([loss, ...Object.values(aux as Tensors)])
    updates.discard()
    throw error
  } finally {
    dispose(Object.values(grads))
  }
}

/**
 * One step: loss and gradients, the optimizer's update, new parameters and buffers in the model.
 *
 * Disposes the gradients, the old parameters and the old state. The caller owns the batch and what is returned.
 */
export function trainStep(
  task: Task,
  optimizer: Optimizer,
  state: OptimizerState,
  batch: Tensors,
  key: Key,
): { loss: Tensor; predictions: Tensors; state: OptimizerState } {
  const { loss, predictions, next, updates } = computeStep(task, optimizer, state, batch, key)
  dispose(Object.values(state.tensors))
  for (const [name, parameter] of task.model.parameters()) parameter.assign(next.params[name] as Tensor)
  updates.commit()
  return { loss, predictions, state: next.state }
}

/** Runs all that a step runs, and leaves the model, the state and the batch as they are. */
export function rehearseStep(task: Task, optimizer: Optimizer, state: OptimizerState, batch: Tensors, key: Key): void {
  const { loss, predictions, next, updates } = computeStep(task, optimizer, state, batch, key)
  updates.discard()
  dispose([loss, ...Object.values(predictions), ...Object.values(next.params), ...Object.values(next.state.tensors)])
}

/** The model's parameters as plain tensors by name. */
export const valuesOf = (parameters: ReadonlyMap<string, { readonly value: Tensor }>): Record<string, Tensor> =>
  Object.fromEntries([...parameters].map(([name, { value }]) => [name, value]))

// A head may be called 'loss' too.
const prefixed = (heads: Tensors): Tensors =>
  Object.fromEntries(Object.entries(heads).map(([head, tensor]) => [`head.${head}`, tensor]))
const unprefixed = (aux: Tensors): Tensors =>
  Object.fromEntries(Object.entries(aux).map(([name, tensor]) => [name.slice('head.'.length), tensor]))
