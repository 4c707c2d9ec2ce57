import { add, clone, mul, sub, type Tensor } from '@ddnet/ops'
import { compose } from './chain.ts'
import type { Optimizer, Tensors, UpdateInfo } from './gradient-transformation.ts'
import { expectCount } from './option-checks.ts'
import { mapTensors, matching, ofPrefix, withPrefix } from './tensors.ts'

export interface LookaheadOptions {
  /** Updates of the fast weights between two steps of the slow ones. */
  every?: number
  /** How far the slow weights go towards the fast ones: above 0 and at most 1. */
  alpha?: number
}

/**
 * Lookahead: `optimizer` moves the fast weights θ; after every `every` updates the slow weights follow, `φ ← φ + α(θ − φ)`, and the
 * fast ones begin there again, `θ ← φ`.
 *
 * The slow weights are those to use: the trainer validates, and saves, them. Both are part of the state, so a resumed run continues
 * them exactly. The state of `optimizer` stays as it is where the fast weights begin again.
 *
 * @throws RangeError for options out of range
 * @see Zhang et al. 2019, "Lookahead optimizer: k steps forward, 1 step back"
 * @example lookahead(adamW({ learningRate: 1e-3 }), { every: 5, alpha: 0.5 })
 */
export function lookahead(optimizer: Optimizer, { every = 5, alpha = 0.5 }: LookaheadOptions = {}): Optimizer {
  expectCount('lookahead', { every })
  if (!(alpha > 0 && alpha <= 1)) {
    throw new RangeError(`lookahead: expected alpha above 0 and at most 1, got ${alpha}.`)
  }
  const inner = compose([optimizer])
  const apply = (updates: Tensors, state: Tensors, params: Tensors, info: UpdateInfo) => {
    const fast = inner.apply(updates, ofPrefix('fast', state), params, info)
    const own = withPrefix('fast', fast.state ?? {})
    if ((info.step + 1) % every !== 0) return { params: fast.params, state: own }
    const slow = mapTensors(fast.params, (end, path) => {
      const start = state[`slow.${path}`] as Tensor // of `init`
      return add(start, mul(alpha, sub(end, start)))
    })
    return { params: slow, state: { ...own, ...withPrefix('slow', mapTensors(slow, clone)) } }
  }
  return {
    name: 'lookahead',
    learningRate: optimizer.learningRate,
    init: (params) => ({
      ...withPrefix('fast', inner.init(params)),
      ...withPrefix('slow', mapTensors(params, clone)),
    }),
    apply,
    // Where parts follow, which change what is added to the parameters.
    update(updates, state, params, info) {
      const { params: next, state: changed } = apply(updates, state, params, info)
      return {
        updates: mapTensors(matching(next, updates), (value, path) => sub(value, params[path] as Tensor)), // of the same names
        state: changed,
      }
    },
    after: (state, params, info) => withPrefix('fast', inner.after(ofPrefix('fast', state), params, info)),
    average: (state) => ofPrefix('slow', state),
  }
}
