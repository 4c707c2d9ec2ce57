import { mean, type Reduction, type Scalar, ShapeError, sum, type Tensor, tidy, type WeightedMean } from '@ddnet/ops'
import type { Summed } from './loss.ts'

/** What becomes of the loss of each element. */
export interface Reductions {
  /** Their mean, whose weight is their number. */
  readonly mean: WeightedMean
  readonly sum: Summed
  /** All of them, for weights and means of your own: what a step returns is one of the others. */
  readonly none: Tensor
}

const reductions: { readonly [R in Reduction]: (losses: () => Tensor) => Reductions[R] } = {
  mean: (losses) =>
    tidy(() => {
      const each = losses()
      return { mean: mean(each), weight: each.size }
    }),
  sum: (losses) => tidy((): { sum: Scalar } => ({ sum: sum(losses()) })),
  none: (losses) => tidy(losses),
}

/**
 * Runs what gives the loss of each element, and reduces it. The mean of no elements is NaN, of weight 0.
 *
 * @throws RangeError for another reduction
 */
export function reduce<R extends Reduction>(name: string, reduction: R, losses: () => Tensor): Reductions[R] {
  if (!Object.hasOwn(reductions, reduction)) {
    throw new RangeError(`${name}: expected reduction to be 'mean', 'sum' or 'none', got '${reduction}'.`)
  }
  return reductions[reduction](losses)
}

/**
 * As `reduce`, with 'batchmean': the sum over each sample, and the mean over the first axis, whose size is its weight.
 *
 * @throws RangeError for another reduction; ShapeError for scalars, which have no such axis
 */
export function reduceBatch<R extends Reduction | 'batchmean'>(
  name: string,
  reduction: R,
  losses: () => Tensor,
): (Reductions & { readonly batchmean: WeightedMean })[R]
export function reduceBatch(
  name: string,
  reduction: Reduction | 'batchmean',
  losses: () => Tensor,
): WeightedMean | Summed | Tensor {
  if (reduction !== 'batchmean') return reduce(name, reduction, losses)
  return tidy(() => {
    const each = losses()
    const [batch] = each.shape
    if (batch === undefined) throw new ShapeError(`${name}: expected [batch, …] for 'batchmean', got scalars.`)
    const inner = each.shape.map((_, axis) => axis).slice(1)
    return { mean: mean(inner.length === 0 ? each : sum(each, inner)), weight: batch }
  })
}
