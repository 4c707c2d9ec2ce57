import { type Reduction, squaredDifference, type Tensor } from '@ddnet/ops'
import { expectAlike, expectNames } from './checks.ts'
import { type Reductions, reduce } from './reduce.ts'

export interface MseOptions<R extends Reduction = Reduction> {
  readonly reduction?: R
}

/**
 * Mean squared error `mean((predictions − targets)²)` over all elements, whose count is its weight; or their sum, or each.
 *
 * @param predictions any shape, float32
 * @param targets the same shape
 * @throws ShapeError for tensors of different shapes: broadcasting here is nearly always a mistake
 * @see torch.nn.functional.mse_loss
 * @example mse(model.forward(x), y)
 */
export function mse<R extends Reduction = 'mean'>(
  predictions: Tensor,
  targets: Tensor,
  options?: MseOptions<R>,
): Reductions[R]
export function mse(predictions: Tensor, targets: Tensor, options: MseOptions = {}): Reductions[Reduction] {
  expectNames('mse', options, ['reduction'])
  expectAlike('mse', { predictions, targets }, 'Reshape one of them, or train with crossEntropy if they are labels.')
  return reduce('mse', options.reduction ?? 'mean', () => squaredDifference(predictions, targets))
}
