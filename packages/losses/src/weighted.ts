import { mul, type Scalar } from '@ddnet/ops'
import type { Loss } from './loss.ts'

/**
 * `weight · loss`, for a head that counts more or less than the others. What the loss is divided by stays as it is.
 * @throws RangeError unless `weight` is a finite number of at least 0
 */
export function weighted(loss: Loss, weight: number): Loss {
  if (!(weight >= 0 && Number.isFinite(weight))) {
    throw new RangeError(`weighted: expected a weight of at least 0, got ${weight}.`)
  }
  const scale = (value: Scalar): Scalar => mul(weight, value)
  return (predictions, targets) => {
    const value = loss(predictions, targets)
    if ('mean' in value) return { mean: scale(value.mean), weight: value.weight }
    return 'sum' in value ? { sum: scale(value.sum) } : scale(value)
  }
}
