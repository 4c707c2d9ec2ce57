import { add, div, maximum, mul, sqrt, square, sub, type Tensor } from '@ddnet/ops'
import { chain } from './chain.ts'
import { decayWeights } from './decay-weights.ts'
import type { GradientTransformation, Optimizer, ParameterMask } from './gradient-transformation.ts'
import { momentum as byMomentum } from './momentum.ts'
import { expectNonNegative, expectRate } from './option-checks.ts'
import { perParameter } from './per-parameter.ts'
import { scaleByLearningRate } from './scale-by-learning-rate.ts'
import type { Schedule } from './schedules/schedule.ts'

export interface ScaleByRmsOptions {
  /** Decay rate of the mean of the squares. */
  alpha?: number
  eps?: number
  /** Divide by the standard deviation: the mean of the gradients is taken off first. */
  centered?: boolean
}

export interface RmsPropOptions extends ScaleByRmsOptions {
  learningRate?: number | Schedule
  momentum?: number
  /** Added to the gradient times the parameter. */
  weightDecay?: number
  /** Which parameters decay: `weightsOnly` leaves out biases and norms. Without it all do. */
  mask?: ParameterMask
}

/**
 * The gradient over the root of the mean of its squares: `v ← αv + (1 − α)g²`, and instead of `g` it gives `g / (√v + ε)`. Centred,
 * with `mean ← α · mean + (1 − α)g`, it is `g / (√(v − mean²) + ε)`.
 *
 * @throws RangeError for options out of range
 * @see Tieleman & Hinton 2012, lecture 6.5; Graves 2013, "Generating sequences with recurrent neural networks" (centred)
 */
export function scaleByRms(options: ScaleByRmsOptions = {}): GradientTransformation {
  const { alpha = 0.99, eps = 1e-8, centered = false } = options
  expectRate('scaleByRms', { alpha })
  expectNonNegative('scaleByRms', { eps })
  const towards = (mean: Tensor, value: Tensor) => add(mul(alpha, mean), mul(1 - alpha, value))
  if (!centered) {
    return perParameter({
      name: 'rms',
      slots: ['v'],
      update: ({ update: g, state }) => {
        const v = towards(state.v, square(g))
        return { update: div(g, add(sqrt(v), eps)), state: { v } }
      },
    })
  }
  return perParameter({
    name: 'rms',
    slots: ['v', 'mean'],
    update: ({ update: g, state }) => {
      const [v, mean] = [towards(state.v, square(g)), towards(state.mean, g)]
      // A variance of gradients that hardly change may round to less than 0, whose root would be NaN.
      const variance = maximum(sub(v, square(mean)), 0)
      return { update: div(g, add(sqrt(variance), eps)), state: { v, mean } }
    },
  })
}

/**
 * RMSProp: `θ ← θ − η · g / (√v + ε)` with the mean of squares `v ← αv + (1 − α)g²`, where `g` is the gradient plus λθ. With a
 * momentum μ, `u ← μu + g / (√v + ε)` and `θ ← θ − ηu`.
 *
 * @throws RangeError for options out of range
 * @see Tieleman & Hinton 2012, lecture 6.5; torch.optim.RMSprop
 * @example rmsProp({ learningRate: 1e-3, momentum: 0.9 })
 */
export function rmsProp(options: RmsPropOptions = {}): Optimizer {
  const { learningRate = 0.01, momentum = 0, weightDecay = 0, mask, ...scale } = options
  expectNonNegative('rmsProp', { momentum, weightDecay })
  return chain(
    ...(weightDecay === 0 ? [] : [decayWeights(weightDecay, mask && { mask })]),
    scaleByRms(scale),
    ...(momentum === 0 ? [] : [byMomentum(momentum)]),
    scaleByLearningRate(learningRate),
  )
}
