import { mean, ShapeError, square, sub, sum } from '@ddnet/ops'
import type { Loss } from './loss.ts'

/**
 * Mean squared error `mean((predictions − targets)²)` over all elements, whose count is its weight (or their sum).
 *
 * @throws ShapeError when applied to tensors of different shapes: broadcasting here is nearly always a mistake
 * @see torch.nn.MSELoss
 */
export const mse =
  ({ reduction = 'mean' }: { reduction?: 'mean' | 'sum' } = {}): Loss =>
  (predictions, targets) => {
    if (predictions.shape.join() !== targets.shape.join()) {
      throw new ShapeError(
        `mse: expected targets of the predictions' shape [${predictions.shape}], got [${targets.shape}]. Reshape one of them, or train with crossEntropy() where the targets are labels.`,
      )
    }
    const squares = square(sub(predictions, targets))
    return reduction === 'mean' ? { mean: mean(squares), weight: squares.size } : { sum: sum(squares) }
  }
