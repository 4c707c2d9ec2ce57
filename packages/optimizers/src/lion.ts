import { add, mul, sign } from '@ddnet/ops'
import { chain } from './chain.ts'
import { decayWeights } from './decay-weights.ts'
import type { GradientTransformation, Optimizer, ParameterMask } from './gradient-transformation.ts'
import { expectRate } from './option-checks.ts'
import { perParameter } from './per-parameter.ts'
import { scaleByLearningRate } from './scale-by-learning-rate.ts'
import type { Schedule } from './schedules/schedule.ts'

export interface ScaleByLionOptions {
  /** Share of the mean in what the sign is taken of. */
  beta1?: number
  /** Decay rate of the mean of the gradients. */
  beta2?: number
}

export interface LionOptions extends ScaleByLionOptions {
  learningRate?: number | Schedule
  /** Taken off the parameter itself, as in AdamW. */
  weightDecay?: number
  /** Which parameters decay: `weightsOnly` leaves out biases and norms. Without it all do. */
  mask?: ParameterMask
}

/**
 * Lion's direction: the sign of `β₁m + (1 − β₁)g` instead of `g`, and then `m ← β₂m + (1 − β₂)g`.
 *
 * @throws RangeError for options out of range
 */
export function scaleByLion({ beta1 = 0.9, beta2 = 0.99 }: ScaleByLionOptions = {}): GradientTransformation {
  expectRate('scaleByLion', { beta1, beta2 })
  return perParameter({
    name: 'lion',
    slots: ['m'],
    update: ({ update: g, state: { m } }) => ({
      update: sign(add(mul(beta1, m), mul(1 - beta1, g))),
      state: { m: add(mul(beta2, m), mul(1 - beta2, g)) },
    }),
  })
}

/**
 * Lion: `θ ← θ − η(sign(β₁m + (1 − β₁)g) + λθ)`, then `m ← β₂m + (1 − β₂)g`. Every number of every parameter moves by η, so that
 * its rates are 3 to 10 times smaller than AdamW's, and its weight decay as many times larger. It has one tensor of state where Adam
 * has two.
 *
 * @throws RangeError for options out of range
 * @see Chen et al. 2023, "Symbolic discovery of optimization algorithms"
 * @example lion({ learningRate: 1e-4, weightDecay: 0.1 })
 */
export function lion({ learningRate = 1e-4, weightDecay = 0, mask, ...betas }: LionOptions = {}): Optimizer {
  return chain(scaleByLion(betas), decayWeights(weightDecay, mask && { mask }), scaleByLearningRate(learningRate))
}
