import { mul, type Scalar } from '@ddnet/ops'
import type { Loss } from './loss.ts'

/**
 * `weight · loss`, for a loss that counts more or less than the others. What the loss is divided by stays as it is.
 *
 * @throws RangeError unless `weight` is a finite number of at least 0
 * @example { loss: { class: crossEntropy(logits, label), reconstruction: weighted(mse(picture, image), 0.5) } }
 */
export function weighted(loss: Loss, weight: number): Loss {
  if (!(weight >= 0 && Number.isFinite(weight))) {
    throw new RangeError(`weighted: expected a weight of at least 0, got ${weight}.`)
  }
  const scale = (value: Scalar): Scalar => mul(weight, value)
  if ('mean' in loss) return { mean: scale(loss.mean), weight: loss.weight }
  return 'sum' in loss ? { sum: scale(loss.sum) } : scale(loss)
}
