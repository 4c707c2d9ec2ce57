import { add, div, minimum, mul, sqrt, square, sum, type Tensor, tidy } from '@ddnet/ops'
import type { GradientTransformation, Tensors } from './gradient-transformation.ts'
import { mapTensors } from './tensors.ts'

/** `√Σ g²` over all elements of all gradients, as a scalar tensor; it stays on the device. */
export const globalNorm = (grads: Tensors): Tensor =>
  tidy(() =>
    sqrt(
      Object.values(grads)
        .map((gradient) => sum(square(gradient)))
        .reduce((total, squares) => add(total, squares)),
    ),
  )

/**
 * Scales all gradients by one factor, `min(1, maxNorm / (‖g‖ + 10⁻⁶))`, so that together they are no longer than `maxNorm`.
 * In a group of `partition` it counts the group's gradients, before it those of all groups.
 *
 * @throws RangeError unless `maxNorm` is above 0
 * @see Pascanu et al. 2013, "On the difficulty of training recurrent neural networks"; torch.nn.utils.clip_grad_norm_
 */
export function clipByGlobalNorm(maxNorm: number): GradientTransformation {
  if (!(maxNorm > 0)) throw new RangeError(`clipByGlobalNorm: expected maxNorm above 0, got ${maxNorm}.`)
  return {
    name: 'clipByGlobalNorm',
    update: (grads) => {
      const factor = minimum(div(maxNorm, add(globalNorm(grads), 1e-6)), 1)
      return { updates: mapTensors(grads, (gradient) => mul(gradient, factor)) }
    },
  }
}
