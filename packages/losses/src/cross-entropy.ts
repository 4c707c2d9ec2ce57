import { type CrossEntropyOptions, crossEntropy as crossEntropyOf } from '@ddnet/ops'
import type { Loss } from './loss.ts'

/**
 * Softmax cross-entropy `−log softmax(logits)[label]`, averaged over the batch (or summed).
 *
 * The loss takes logits `[…, classes]` and int32 labels `[…]`, or probabilities `[…, classes]`.
 * @throws ShapeError when applied to other shapes or dtypes
 * @see torch.nn.CrossEntropyLoss
 */
export const crossEntropy =
  (options: Omit<CrossEntropyOptions, 'reduction'> & { reduction?: 'mean' | 'sum' } = {}): Loss =>
  (logits, targets) =>
    crossEntropyOf(logits, targets, options)
