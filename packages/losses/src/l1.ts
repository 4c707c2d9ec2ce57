import { abs, type Reduction, sub, type Tensor } from '@ddnet/ops'
import { expectAlike, expectNames } from './checks.ts'
import { type Reductions, reduce } from './reduce.ts'

export interface L1Options<R extends Reduction = Reduction> {
  readonly reduction?: R
}

/**
 * Mean absolute error `mean(|predictions − targets|)` over all elements, whose count is its weight; or their sum, or each. Its
 * gradient at 0 is 0.
 *
 * @param predictions any shape, float32
 * @param targets the same shape
 * @throws ShapeError for tensors of different shapes
 * @see torch.nn.functional.l1_loss
 */
export function l1<R extends Reduction = 'mean'>(
  predictions: Tensor,
  targets: Tensor,
  options?: L1Options<R>,
): Reductions[R]
export function l1(predictions: Tensor, targets: Tensor, options: L1Options = {}): Reductions[Reduction] {
  expectNames('l1', options, ['reduction'])
  expectAlike('l1', { predictions, targets })
  return reduce('l1', options.reduction ?? 'mean', () => abs(sub(predictions, targets)))
}
