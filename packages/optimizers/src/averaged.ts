import { add, clone, mul, type Tensor, tidy } from '@ddnet/ops'
import type { Optimizer, OptimizerState, Tensors } from './optimizer.ts'
import { expectRate } from './option-checks.ts'

const prefix = 'average.'

/**
 * An optimizer that also keeps an exponential moving average of the weights (EMA), which is often better than the last
 * weights: `a ← θ` after the first update, `a ← decay · a + (1 − decay) · θ` after each later one.
 *
 * Training goes on with θ; the trainer validates, and saves, the average. It is part of the optimizer's state
 * (`average.PARAMETER`), so a resumed run continues it exactly.
 *
 * @throws RangeError unless `decay` is at least 0 and below 1
 * @see Polyak & Juditsky 1992; torch.optim.swa_utils.get_ema_multi_avg_fn
 * @example averaged(adam({ learningRate: 1e-3 }), { decay: 0.999 })
 */
export function averaged(optimizer: Optimizer, { decay = 0.999 }: { decay?: number } = {}): Optimizer {
  expectRate('averaged', { decay })
  const inner = ({ tensors, ...state }: OptimizerState): OptimizerState => ({
    ...state,
    tensors: Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.startsWith(prefix))),
  })
  const average = ({ tensors }: Pick<OptimizerState, 'tensors'>): Tensors =>
    Object.fromEntries(
      Object.entries(tensors).flatMap(([name, tensor]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
      ),
    )
  const named = (averages: Tensors): Tensors =>
    Object.fromEntries(Object.entries(averages).map(([name, tensor]) => [`${prefix}${name}`, tensor]))

  return {
    learningRate: optimizer.learningRate,
    average,
    init: (params) => {
      const { step, tensors } = optimizer.init(params)
      const start = Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name, clone(tensor)]))
      return { step, tensors: { ...tensors, ...named(start) } }
    },
    update: (grads, state, params) =>
      tidy(() => {
        const next = optimizer.update(grads, inner(state), params)
        const former = average(state)
        const averages = Object.fromEntries(
          Object.entries(next.params).map(([name, value]) => [
            name,
            state.step === 0 ? clone(value) : add(mul(former[name] as Tensor, decay), mul(value, 1 - decay)),
          ]),
        )
        return { params: next.params, state: { ...next.state, tensors: { ...next.state.tensors, ...named(averages) } } }
      }),
  }
}
