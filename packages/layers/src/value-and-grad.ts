import { dispose, keepAll, type Scalar, type Tensor, valueAndGrads } from '@ddnet/ops'
import { type Context, Updates } from './context.ts'
import type { Module } from './module.ts'

export interface ModelGradients<Aux extends Record<string, Tensor>> {
  loss: Scalar
  /** Whatever else the function returned; the caller disposes it. */
  aux: Aux
  /** The gradient of each parameter, by its name; the caller disposes them. */
  grads: Record<string, Tensor>
  /** The buffers' next values: `commit()` them after the step, or `discard()` them. */
  updates: Updates
}

/**
 * Runs `forward` in training and differentiates its `loss` by every parameter of `model`.
 * Other tensors that it returns survive as `aux`.
 *
 * @example
 * const { loss, grads, updates } = valueAndGrad(model, (context) => ({ loss: crossEntropy(model.forward(x, context), y) }))
 */
export function valueAndGrad<Aux extends Record<string, Tensor> & { loss: Scalar }>(
  model: Module,
  forward: (context: Context) => Aux,
  context: Omit<Context, 'training' | 'updates'> = {},
): ModelGradients<Omit<Aux, 'loss'>> {
  const updates = new Updates()
  const parameters = model.parameters()
  const kept: { aux?: Omit<Aux, 'loss'> } = {}
  const names = [...parameters.keys()]
  try {
    const { value, grads } = valueAndGrads(
      () => {
        const { loss, ...aux } = forward({ ...context, training: true, updates })
        kept.aux = keepAll(aux) // the engine's tidy would dispose everything but the loss
        return loss
      },
      [...parameters.values()].map((parameter) => parameter.value),
    )
    return {
      loss: value,
      aux: kept.aux as Omit<Aux, 'loss'>,
      grads: Object.fromEntries(grads.map((gradient, index) => [names[index] as string, gradient])),
      updates,
    }
  } catch (error) {
    updates.discard()
    dispose(kept.aux ?? {})
    throw error
  }
}
