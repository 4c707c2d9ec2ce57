import { type CrossEntropyOptions, crossEntropy as crossEntropyOf, type Tensor1D, type Tensor2D } from '@ddnet/ops'
import type { Loss } from './loss.ts'

/**
 * Softmax cross-entropy `−log softmax(logits)[label]`, averaged over the batch (or summed).
 *
 * The loss takes logits `[batch, classes]` and int32 labels `[batch]`.
 * @throws ShapeError when applied to other shapes or dtypes
 * @see torch.nn.CrossEntropyLoss
 */
export const crossEntropy =
  (options: Omit<CrossEntropyOptions, 'reduction'> & { reduction?: 'mean' | 'sum' } = {}): Loss =>
  (logits, labels) =>
    crossEntropyOf(logits as Tensor2D, labels as Tensor1D, options) // the operator checks both ranks
