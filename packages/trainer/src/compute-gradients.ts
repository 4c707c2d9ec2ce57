import { type ModelGradients, valueAndGrad } from '@ddnet/layers'
import type { Key, Tensor } from '@ddnet/ops'
import type { Task, Tensors } from './task.ts'

/** A batch's loss, predictions and gradients, which the caller owns, and the buffers' next values. */
export interface Gradients {
  readonly loss: Tensor
  readonly predictions: Tensors
  readonly grads: Tensors
  readonly updates: ModelGradients<Record<string, Tensor>>['updates']
}

/**
 * Runs the model forward and backward; nothing is changed.
 * @param onForward called between the two
 */
export function computeGradients(task: Task, batch: Tensors, key: Key, onForward?: () => void): Gradients {
  const { loss, aux, grads, updates } = valueAndGrad(
    task.model,
    (context) => {
      const { loss, predictions } = task.run(batch, context)
      onForward?.()
      return { ...prefixed(predictions), loss }
    },
    { key },
  )
  return { loss, predictions: unprefixed(aux), grads, updates }
}

// A head may be called 'loss' too.
const prefixed = (heads: Tensors): Tensors =>
  Object.fromEntries(Object.entries(heads).map(([head, tensor]) => [`head.${head}`, tensor]))
const unprefixed = (aux: Tensors): Tensors =>
  Object.fromEntries(Object.entries(aux).map(([name, tensor]) => [name.slice('head.'.length), tensor]))
