import { chain } from './chain.ts'
import { decayWeights } from './decay-weights.ts'
import type { Optimizer, ParameterMask } from './gradient-transformation.ts'
import { momentum as byMomentum } from './momentum.ts'
import { expectNonNegative } from './option-checks.ts'
import { scaleByLearningRate } from './scale-by-learning-rate.ts'
import type { Schedule } from './schedules/schedule.ts'

export interface SgdOptions {
  learningRate?: number | Schedule
  momentum?: number
  /** The share of the new gradient that the velocity leaves out. */
  dampening?: number
  /** Look ahead along the velocity; needs momentum and no dampening. */
  nesterov?: boolean
  /** Added to the gradient times the parameter. */
  weightDecay?: number
  /** Which parameters decay: `weightsOnly` leaves out biases and norms. Without it all do. */
  mask?: ParameterMask
}

/**
 * Stochastic gradient descent. With `g` the gradient plus λθ and μ the momentum:
 * `u ← μu + (1 − dampening)g` (`u ← g` in the first step), `θ ← θ − ηu`, or `θ ← θ − η(g + μu)` with Nesterov's look-ahead.
 *
 * @throws RangeError for options out of range
 * @see Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning"; torch.optim.SGD
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { learningRate = 1e-3, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0, mask } = options
  expectNonNegative('sgd', { momentum, weightDecay })
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new RangeError(
      `sgd: nesterov needs a momentum above 0 and dampening 0, got momentum ${momentum} and dampening ${dampening}.`,
    )
  }
  return chain(
    ...(weightDecay === 0 ? [] : [decayWeights(weightDecay, mask && { mask })]),
    ...(momentum === 0 ? [] : [byMomentum(momentum, { dampening, nesterov })]),
    scaleByLearningRate(learningRate),
  )
}
