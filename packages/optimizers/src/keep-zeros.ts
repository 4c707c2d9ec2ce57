import { cast, mul, notEqual } from '@ddnet/ops'
import type { GradientTransformation } from './gradient-transformation.ts'
import { mapTensors, ofPrefix, withPrefix } from './tensors.ts'

/**
 * Weights that are 0 before the first update stay 0: fine-tuning of a pruned network, `θ ← θ + mask · update`. Weights are the parameters of two
 * axes or more; biases and norms, which often begin with 0, are trained as ever. The mask is part of the state, so that a resumed run
 * keeps the same zeros. It stands behind the optimizer.
 *
 * @see torch.nn.utils.prune, whose masks are multiplied in the forward pass
 * @example chain(adam({ learningRate: 1e-3 }), keepZeros())
 */
export const keepZeros = (): GradientTransformation => ({
  name: 'keepZeros',
  init: (params) => {
    const weights = Object.fromEntries(Object.entries(params).filter(([, { rank }]) => rank > 1))
    return withPrefix(
      'mask',
      mapTensors(weights, (weight) => cast(notEqual(weight, 0), 'float32')),
    )
  },
  update: (updates, state) => {
    const masks = ofPrefix('mask', state)
    return {
      updates: mapTensors(updates, (update, path) => {
        const mask = masks[path]
        return mask === undefined ? update : mul(update, mask)
      }),
    }
  },
})
