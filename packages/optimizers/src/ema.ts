import { add, clone, mul } from '@ddnet/ops'
import { entryOf } from '@ddnet/ops/checks'
import type { GradientTransformation } from './gradient-transformation.ts'
import { expectRate } from './option-checks.ts'
import { mapTensors, ofPrefix, withPrefix } from './tensors.ts'

/**
 * An exponential moving average of the weights (EMA), which is often better than the last weights: `a ← θ` after the first
 * update, `a ← decay · a + (1 − decay) · θ` after each later one.
 *
 * Training goes on with θ; the trainer validates, and saves, the average. It is part of the state, so a resumed run continues
 * it exactly. Where it stands in a chain does not matter.
 *
 * @throws RangeError unless `decay` is at least 0 and below 1
 * @see Polyak & Juditsky 1992; torch.optim.swa_utils.get_ema_multi_avg_fn
 * @example chain(adam({ learningRate: 1e-3 }), ema(0.999))
 */
export function ema(decay = 0.999): GradientTransformation {
  expectRate('ema', { decay })
  return {
    name: 'ema',
    init: (params) => withPrefix('average', mapTensors(params, clone)),
    after: (state, params, { step }) => {
      const average = mapTensors(ofPrefix('average', state), (former, path) => {
        const parameter = entryOf(params, path) // of the names of `init`
        return step === 0 ? clone(parameter) : add(mul(former, decay), mul(parameter, 1 - decay))
      })
      return withPrefix('average', average)
    },
    average: (state) => ofPrefix('average', state),
  }
}
