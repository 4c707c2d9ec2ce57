import {
  crossEntropyMean,
  crossEntropy as crossEntropyOf,
  type CrossEntropyOptions as Options,
  type Tensor,
  type WeightedMean,
} from '@ddnet/ops'
import type { Summed } from './loss.ts'

export interface CrossEntropyOptions extends Omit<Options, 'reduction'> {
  readonly reduction?: 'mean' | 'sum'
}

/**
 * Softmax cross-entropy `−log softmax(logits)[label]`: its mean over the labels that count, weighted by their class weights,
 * with the sum of these as its weight; over probabilities the mean and their count. Or the sum.
 *
 * @param logits `[…, classes]`
 * @param targets int32 labels `[…]`, or probabilities `[…, classes]`
 * @throws ShapeError for other shapes or dtypes
 * @see torch.nn.functional.cross_entropy
 */
export function crossEntropy(
  logits: Tensor,
  targets: Tensor,
  options?: CrossEntropyOptions & { readonly reduction?: 'mean' },
): WeightedMean
export function crossEntropy(
  logits: Tensor,
  targets: Tensor,
  options: CrossEntropyOptions & { readonly reduction: 'sum' },
): Summed
export function crossEntropy(logits: Tensor, targets: Tensor, options?: CrossEntropyOptions): WeightedMean | Summed
export function crossEntropy(
  logits: Tensor,
  targets: Tensor,
  { reduction = 'mean', ...options }: CrossEntropyOptions = {},
): WeightedMean | Summed {
  if (reduction === 'mean') return crossEntropyMean(logits, targets, options)
  return { sum: crossEntropyOf(logits, targets, { ...options, reduction }) }
}
