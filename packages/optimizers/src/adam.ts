import { adamUpdates, type Tensor, zerosLike } from '@ddnet/ops'
import type { Optimizer } from './optimizer.ts'
import { expectNonNegative, expectRate } from './option-checks.ts'
import { asSchedule, type Schedule } from './schedules/schedule.ts'
import { updated } from './updated.ts'

export interface AdamOptions {
  learningRate?: number | Schedule
  /** Decay rate of the mean of the gradients. */
  beta1?: number
  /** Decay rate of the mean of their squares. */
  beta2?: number
  eps?: number
  /** In `adam` added to the gradient times the parameter, in `adamW` taken off the parameter itself. */
  weightDecay?: number
}

/**
 * Adam: `m ← β₁m + (1 − β₁)g`, `v ← β₂v + (1 − β₂)g²`, `θ ← θ − η · m̂ / (√v̂ + ε)` with `m̂ = m / (1 − β₁ᵗ)`,
 * `v̂ = v / (1 − β₂ᵗ)`; all parameters in one operator. With `weightDecay` λ, `g` is the gradient plus λθ.
 *
 * @throws RangeError for options out of range
 * @see Kingma & Ba 2015, "Adam: a method for stochastic optimization"; torch.optim.Adam
 * @example adam({ learningRate: oneCycle({ peak: 4e-3, steps: 1000 }) })
 */
export const adam = (options: AdamOptions = {}): Optimizer => adamLike('adam', { weightDecay: 0, ...options }, false)

/**
 * Adam with decoupled weight decay: `θ ← (1 − ηλ)θ` before Adam's step.
 *
 * @throws RangeError for options out of range
 * @see Loshchilov & Hutter 2019, "Decoupled weight decay regularization"; torch.optim.AdamW
 */
export const adamW = (options: AdamOptions = {}): Optimizer =>
  adamLike('adamW', { weightDecay: 0.01, ...options }, true)

function adamLike(
  name: string,
  { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay }: AdamOptions & { weightDecay: number },
  decoupled: boolean,
): Optimizer {
  expectRate(name, { beta1, beta2 })
  expectNonNegative(name, { eps, weightDecay })
  const rate = asSchedule(learningRate)
  return {
    learningRate: rate,

    init: (params) => ({
      step: 0,
      tensors: Object.fromEntries(
        Object.entries(params).flatMap(([name, parameter]) => [
          [`m.${name}`, zerosLike(parameter)],
          [`v.${name}`, zerosLike(parameter)],
        ]),
      ),
    }),

    update: (grads, state, params) => {
      const attributes = { learningRate: rate(state.step), beta1, beta2, eps, weightDecay, decoupled }
      return updated(['m', 'v'], grads, state, params, (group, step) =>
        adamUpdates(
          group.map(({ parameter, gradient, slots: [m, v] }) => ({
            parameter,
            gradient,
            m: m as Tensor,
            v: v as Tensor,
          })),
          { ...attributes, step },
        ),
      )
    },
  }
}
