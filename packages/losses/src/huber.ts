import { abs, div, minimum, mul, type Reduction, sub, type Tensor } from '@ddnet/ops'
import { expectAlike, expectAtLeast, expectNames, expectPositive } from './checks.ts'
import { type Reductions, reduce } from './reduce.ts'

export interface HuberOptions<R extends Reduction = Reduction> {
  readonly reduction?: R
  /** The error at which squares become straight lines: 1 by default. */
  readonly delta?: number
}

/**
 * Huber's loss of each error `e = predictions − targets`: `e² / 2` up to `delta`, then the tangent `delta · (|e| − delta / 2)`.
 * Their mean, whose weight is their count; or their sum, or each.
 *
 * @param predictions any shape, float32
 * @param targets the same shape
 * @throws ShapeError for tensors of different shapes; RangeError unless `delta` is above 0
 * @see torch.nn.functional.huber_loss; Huber 1964, "Robust estimation of a location parameter"
 */
export function huber<R extends Reduction = 'mean'>(
  predictions: Tensor,
  targets: Tensor,
  options?: HuberOptions<R>,
): Reductions[R]
export function huber(predictions: Tensor, targets: Tensor, options: HuberOptions = {}): Reductions[Reduction] {
  expectNames('huber', options, ['reduction', 'delta'])
  const { reduction = 'mean', delta = 1 } = options
  expectPositive('huber', 'delta', delta)
  expectAlike('huber', { predictions, targets })
  return reduce('huber', reduction, () => huberOf(predictions, targets, delta))
}

export interface SmoothL1Options<R extends Reduction = Reduction> {
  readonly reduction?: R
  /** The error at which squares become straight lines: 1 by default. With 0 it is `l1`. */
  readonly beta?: number
}

/**
 * The absolute error with a round bottom, of each error `e = predictions − targets`: `e² / (2 · beta)` up to `beta`, then
 * `|e| − beta / 2`; it is `huber` divided by `beta`. Their mean, whose weight is their count; or their sum, or each.
 *
 * @param predictions any shape, float32
 * @param targets the same shape
 * @throws ShapeError for tensors of different shapes; RangeError unless `beta` is at least 0
 * @see torch.nn.functional.smooth_l1_loss; Girshick 2015, "Fast R-CNN"
 */
export function smoothL1<R extends Reduction = 'mean'>(
  predictions: Tensor,
  targets: Tensor,
  options?: SmoothL1Options<R>,
): Reductions[R]
export function smoothL1(predictions: Tensor, targets: Tensor, options: SmoothL1Options = {}): Reductions[Reduction] {
  expectNames('smoothL1', options, ['reduction', 'beta'])
  const { reduction = 'mean', beta = 1 } = options
  expectAtLeast('smoothL1', 'beta', beta, 0)
  expectAlike('smoothL1', { predictions, targets })
  return reduce('smoothL1', reduction, () =>
    beta === 0 ? abs(sub(predictions, targets)) : div(huberOf(predictions, targets, beta), beta),
  )
}

/** Without a square of the error, which may overflow where it does not count. */
function huberOf(predictions: Tensor, targets: Tensor, delta: number): Tensor {
  const error = abs(sub(predictions, targets))
  const bounded = minimum(error, delta)
  return mul(bounded, sub(error, mul(0.5, bounded)))
}
