import { tidy } from '@ddnet/ops'
import type { Optimizer, Tensors } from './optimizer.ts'

/** Gradients in, as many new gradients out; the arguments stay the caller's. */
export type GradientTransformation = (grads: Tensors) => Tensors

/**
 * An optimizer that sees the gradients after each transformation in turn.
 * @example chain(clipByGlobalNorm(1), adam({ learningRate: 3e-4 }))
 */
export function chain(...parts: [...GradientTransformation[], Optimizer]): Optimizer {
  const optimizer = parts.at(-1) as Optimizer // by the type of `parts`
  const transformations = parts.slice(0, -1) as GradientTransformation[]
  return {
    ...optimizer,
    update: (grads, state, params) =>
      tidy(() => {
        const transformed = transformations.reduce((current, transform) => transform(current), grads)
        return optimizer.update(transformed, state, params)
      }),
  }
}
