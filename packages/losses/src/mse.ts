import { mean, ShapeError, square, sub, sum, type Tensor, type WeightedMean } from '@ddnet/ops'
import type { Summed } from './loss.ts'

export interface MseOptions {
  readonly reduction?: 'mean' | 'sum'
}

/**
 * Mean squared error `mean((predictions − targets)²)` over all elements, whose count is its weight (or their sum).
 *
 * @throws ShapeError for tensors of different shapes: broadcasting here is nearly always a mistake
 * @see torch.nn.functional.mse_loss
 */
export function mse(
  predictions: Tensor,
  targets: Tensor,
  options?: MseOptions & { readonly reduction?: 'mean' },
): WeightedMean
export function mse(predictions: Tensor, targets: Tensor, options: MseOptions & { readonly reduction: 'sum' }): Summed
export function mse(predictions: Tensor, targets: Tensor, options?: MseOptions): WeightedMean | Summed
export function mse(
  predictions: Tensor,
  targets: Tensor,
  { reduction = 'mean' }: MseOptions = {},
): WeightedMean | Summed {
  if (predictions.shape.join() !== targets.shape.join()) {
    throw new ShapeError(
      `mse: expected targets of the predictions' shape [${predictions.shape}], got [${targets.shape}]. Reshape one of them, or train with crossEntropy where the targets are labels.`,
    )
  }
  const squares = square(sub(predictions, targets))
  return reduction === 'mean' ? { mean: mean(squares), weight: squares.size } : { sum: sum(squares) }
}
