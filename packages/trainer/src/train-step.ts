import { valueAndGrad } from '@ddnet/layers'
import { dispose, type Key, type Tensor } from '@ddnet/ops'
import type { Optimizer, OptimizerState } from '@ddnet/optimizers'
import type { Task, Tensors } from './task.ts'

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
  const { loss, aux, grads, updates } = valueAndGrad(
    task.model,
    (context) => {
      const { loss, predictions } = task.run(batch, context)
      return { ...prefixed(predictions), loss }
    },
    { key },
  )
  const parameters = task.model.parameters()
  let next: ReturnType<Optimizer['update']>
  try {
    next = optimizer.update(grads, state, valuesOf(parameters))
  } catch (error) {
    dispose([loss, ...Object.values(aux as Tensors)])
    updates.discard()
    throw error
  } finally {
    dispose(Object.values(grads))
  }
  dispose(Object.values(state.tensors))
  for (const [name, parameter] of parameters) parameter.assign(next.params[name] as Tensor)
  updates.commit()
  return { loss, predictions: unprefixed(aux), state: next.state }
}

/** The model's parameters as plain tensors by name. */
export const valuesOf = (parameters: ReadonlyMap<string, { readonly value: Tensor }>): Record<string, Tensor> =>
  Object.fromEntries([...parameters].map(([name, { value }]) => [name, value]))

// A head may be called 'loss' too.
const prefixed = (heads: Tensors): Tensors =>
  Object.fromEntries(Object.entries(heads).map(([head, tensor]) => [`head.${head}`, tensor]))
const unprefixed = (aux: Tensors): Tensors =>
  Object.fromEntries(Object.entries(aux).map(([name, tensor]) => [name.slice('head.'.length), tensor]))
