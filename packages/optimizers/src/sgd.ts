import { sgdUpdates, zerosLike } from '@ddnet/ops'
import type { Optimizer } from './optimizer.ts'
import { expectNonNegative } from './option-checks.ts'
import { asSchedule, type Schedule } from './schedules/schedule.ts'
import { updated } from './updated.ts'

export interface SgdOptions {
  learningRate?: number | Schedule
  momentum?: number
  /** The share of the new gradient that the velocity leaves out. */
  dampening?: number
  /** Look ahead along the velocity; needs momentum and no dampening. */
  nesterov?: boolean
  /** Added to the gradient times the parameter. */
  weightDecay?: number
}

/**
 * Stochastic gradient descent. With `g` the gradient plus λθ and μ the momentum:
 * `u ← μu + (1 − dampening)g` (`u ← g` in the first step), `θ ← θ − ηu`, or `θ ← θ − η(g + μu)` with Nesterov's look-ahead.
 *
 * @throws RangeError for options out of range
 * @see Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning"; torch.optim.SGD
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { learningRate = 1e-3, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options
  expectNonNegative('sgd', { momentum, weightDecay })
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new RangeError(
      `sgd: nesterov needs a momentum above 0 and dampening 0, got momentum ${momentum} and dampening ${dampening}.`,
    )
  }
  const rate = asSchedule(learningRate)

  return {
    learningRate: rate,

    init: (params) => ({
      step: 0,
      tensors: Object.fromEntries(
        momentum === 0 ? [] : Object.entries(params).map(([name, value]) => [`velocity.${name}`, zerosLike(value)]),
      ),
    }),

    update: (grads, state, params) => {
      const attributes = { learningRate: rate(state.step), momentum, dampening, nesterov, weightDecay }
      return updated(momentum === 0 ? [] : ['velocity'], grads, state, params, (group, step) =>
        sgdUpdates(
          group.map(({ parameter, gradient, slots: [velocity] }) => ({
            parameter,
            gradient,
            ...(velocity && { velocity }),
          })),
          { ...attributes, step },
        ),
      )
    },
  }
}
