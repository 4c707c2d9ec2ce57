import { mul, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { GradientTransformation } from './gradient-transformation.ts'
import { expectNonNegative } from './option-checks.ts'
import { perParameter } from './per-parameter.ts'

/** What multiplies the learning rate of a parameter. */
export type RateFactor = (path: string, parameter: Tensor) => number

/**
 * Rates by group: multiplies each parameter's learning rate, and so its decoupled weight decay, by a factor. It stands behind the
 * optimizer. The state is as without it, so that a run may go on with other factors.
 *
 * @throws RangeError from `update`, for a factor below 0
 * @example chain(adamW({ learningRate: 1e-3 }), scaleRates((path) => (path.startsWith('head.') ? 1 : 0.1)))
 */
export function scaleRates(factorOf: RateFactor): GradientTransformation {
  const checked: RateFactor = (path, parameter) => {
    const factor = factorOf(path, parameter)
    expectNonNegative(`scaleRates: '${path}'`, { factor })
    return factor
  }
  return {
    ...perParameter({
      name: 'scaleRates',
      update: ({ path, parameter, update }) => ({ update: mul(checked(path, parameter), update) }),
    }),
    fusable: { as: 'factor', factorOf: checked },
  }
}

/**
 * Layer-wise decay of the learning rate: the last layer's factor is 1, and each one before it has `decay` times that of the next.
 *
 * @param paths all parameters in the order of the network: `model.parameters().keys()`
 * @param decay above 0 and at most 1
 * @param options.layerOf the layer of a parameter: by default its path up to the first number (`encoder.0` of
 *   `encoder.0.conv.weight`), or else its first name (`head` of `head.weight`). Layers count in the order in which they come
 * @throws RangeError for a decay out of range; from an update, for a parameter that is not among `paths`
 * @see Bao et al. 2022, "BEiT"; timm's `layer_decay`
 * @example chain(adamW({ learningRate: 1e-3 }), layerDecay(model.parameters().keys(), 0.75))
 */
export function layerDecay(
  paths: Iterable<string>,
  decay = 0.75,
  { layerOf = layerOfPath }: { readonly layerOf?: (path: string) => string | number } = {},
): GradientTransformation {
  if (!(decay > 0 && decay <= 1)) {
    throw new RangeError(`layerDecay: expected a decay above 0 and at most 1, got ${decay}.`)
  }
  const layers = [...new Set([...paths].map(layerOf))]
  const depths = new Map(layers.map((layer, depth) => [layer, depth]))
  return scaleRates((path) => {
    const depth = depths.get(layerOf(path))
    if (depth === undefined) {
      throw new RangeError(
        `layerDecay: '${path}' is of no layer that was named. They are ${layers.join(', ')}. Give it all parameters: layerDecay(model.parameters().keys()).`,
      )
    }
    return decay ** (layers.length - 1 - depth)
  })
}

const layerOfPath = (path: string): string => /^(.*?\.\d+)(?:\.|$)/.exec(path)?.[1] ?? itemAt(path.split('.'), 0)
