import { type CrossEntropyOptions, crossEntropyMean, crossEntropy as crossEntropyOf } from '@ddnet/ops'
import type { Loss } from './loss.ts'

/**
 * Softmax cross-entropy `−log softmax(logits)[label]`: its mean over the labels that count, weighted by their class weights,
 * with the sum of these as its weight; over probabilities the mean and their count. Or the sum.
 *
 * The loss takes logits `[…, classes]` and int32 labels `[…]`, or probabilities `[…, classes]`.
 * @throws ShapeError when applied to other shapes or dtypes
 * @see torch.nn.CrossEntropyLoss
 */
export const crossEntropy =
  ({
    reduction = 'mean',
    ...options
  }: Omit<CrossEntropyOptions, 'reduction'> & { reduction?: 'mean' | 'sum' } = {}): Loss =>
  (logits, targets) =>
    reduction === 'mean'
      ? crossEntropyMean(logits, targets, options)
      : { sum: crossEntropyOf(logits, targets, { ...options, reduction }) }
