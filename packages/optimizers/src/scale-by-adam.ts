import { adamUpdates, type Tensor } from '@ddnet/ops'
import { kernelTransformation } from './fuse.ts'
import type { GradientTransformation } from './gradient-transformation.ts'
import { expectNonNegative, expectRate } from './option-checks.ts'

export interface ScaleByAdamOptions {
  /** Decay rate of the mean of the gradients. */
  beta1?: number
  /** Decay rate of the mean of their squares. */
  beta2?: number
  eps?: number
}

/**
 * Adam's direction: `m ← β₁m + (1 − β₁)g`, `v ← β₂v + (1 − β₂)g²`, and instead of `g` it gives `m̂ / (√v̂ + ε)` with
 * `m̂ = m / (1 − β₁ᵗ)`, `v̂ = v / (1 − β₂ᵗ)`.
 *
 * @throws RangeError for options out of range
 * @see Kingma & Ba 2015, "Adam: a method for stochastic optimization"
 */
export function scaleByAdam({
  beta1 = 0.9,
  beta2 = 0.999,
  eps = 1e-8,
}: ScaleByAdamOptions = {}): GradientTransformation {
  expectRate('scaleByAdam', { beta1, beta2 })
  expectNonNegative('scaleByAdam', { eps })
  return kernelTransformation('adam', {
    slots: ['m', 'v'],
    decoupled: true,
    kernel: (inputs, attributes) =>
      adamUpdates(
        inputs.map(({ parameter, gradient, slots }) => {
          const [m, v] = slots as readonly [Tensor, Tensor]
          return { parameter, gradient, m, v }
        }),
        { ...attributes, beta1, beta2, eps },
      ),
  })
}
