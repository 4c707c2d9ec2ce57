import { add, mul } from '@ddnet/ops'
import type { GradientTransformation, ParameterMask } from './gradient-transformation.ts'
import { expectNonNegative } from './option-checks.ts'
import { perParameter } from './per-parameter.ts'

/**
 * Adds `λθ` to the update: in front of a rule L2 regularisation, behind it decoupled weight decay (AdamW).
 *
 * @param rate λ
 * @param options `mask` says which parameters decay; without it all do
 * @throws RangeError for a rate below 0
 * @see Loshchilov & Hutter 2019, "Decoupled weight decay regularization"
 * @example decayWeights(0.01, { mask: weightsOnly }) // no biases, no norms
 */
export function decayWeights(
  rate: number,
  { mask = () => true }: { mask?: ParameterMask } = {},
): GradientTransformation {
  expectNonNegative('decayWeights', { weightDecay: rate })
  return {
    ...perParameter({
      name: 'decayWeights',
      update: ({ path, parameter, update }) => ({
        update: mask(path, parameter) ? add(update, mul(rate, parameter)) : update,
      }),
    }),
    fusable: { as: 'decay', decayOf: (path, parameter) => (mask(path, parameter) ? rate : 0) },
  }
}
