import { chain } from './chain.ts'
import { decayWeights } from './decay-weights.ts'
import type { Optimizer, ParameterMask } from './gradient-transformation.ts'
import { type ScaleByAdamOptions, scaleByAdam } from './scale-by-adam.ts'
import { scaleByLearningRate } from './scale-by-learning-rate.ts'
import type { Schedule } from './schedules/schedule.ts'

export interface AdamOptions extends ScaleByAdamOptions {
  learningRate?: number | Schedule
  /** In `adam` added to the gradient times the parameter, in `adamW` taken off the parameter itself. */
  weightDecay?: number
  /** Which parameters decay: `weightsOnly` leaves out biases and norms. Without it all do. */
  mask?: ParameterMask
}

/**
 * Adam: `m ← β₁m + (1 − β₁)g`, `v ← β₂v + (1 − β₂)g²`, `θ ← θ − η · m̂ / (√v̂ + ε)` with `m̂ = m / (1 − β₁ᵗ)`,
 * `v̂ = v / (1 − β₂ᵗ)`; all parameters in one operator. With `weightDecay` λ, `g` is the gradient plus λθ.
 *
 * @throws RangeError for options out of range
 * @see Kingma & Ba 2015, "Adam: a method for stochastic optimization"; torch.optim.Adam
 * @example adam({ learningRate: oneCycle({ maxLearningRate: 4e-3, steps: 1000 }) })
 */
export function adam({ learningRate = 1e-3, weightDecay = 0, mask, ...betas }: AdamOptions = {}): Optimizer {
  const decay = decayWeights(weightDecay, mask && { mask })
  return chain(...(weightDecay === 0 ? [] : [decay]), scaleByAdam(betas), scaleByLearningRate(learningRate))
}

/**
 * Adam with decoupled weight decay: `θ ← (1 − ηλ)θ` before Adam's step.
 *
 * @throws RangeError for options out of range
 * @see Loshchilov & Hutter 2019, "Decoupled weight decay regularization"; torch.optim.AdamW
 * @example adamW({ learningRate: 1e-3, weightDecay: 0.05, mask: weightsOnly })
 */
export function adamW({ learningRate = 1e-3, weightDecay = 0.01, mask, ...betas }: AdamOptions = {}): Optimizer {
  return chain(scaleByAdam(betas), decayWeights(weightDecay, mask && { mask }), scaleByLearningRate(learningRate))
}
