import { mul, type Scalar } from '@ddnet/ops'
import type { Loss } from './loss.ts'

/**
 * `weight · loss`, for a head that counts more or less than the others.
 * @throws RangeError unless `weight` is a finite number of at least 0
 */
export function weighted(loss: Loss, weight: number): Loss {
  if (!(weight >= 0 && Number.isFinite(weight))) {
    throw new RangeError(`weighted: expected a weight of at least 0, got ${weight}.`)
  }
  return (predictions, targets) => mul(weight, loss(predictions, targets)) as Scalar
}
