import {
  crossEntropyMean,
  crossEntropy as crossEntropyOf,
  type CrossEntropyOptions as Options,
  type Reduction,
  type Tensor,
} from '@ddnet/ops'
import type { Reductions } from './reduce.ts'

export interface CrossEntropyOptions<R extends Reduction = Reduction> extends Omit<Options, 'reduction'> {
  readonly reduction?: R
}

/**
 * Softmax cross-entropy `−log softmax(logits)[label]`, in nats: its mean over the labels that count, weighted by their class
 * weights, with the sum of these as its weight; over probabilities the mean and their count. Or the sum, or each.
 *
 * @param logits `[…, classes]`
 * @param targets int32 labels `[…]`, or probabilities `[…, classes]`
 * @returns with reduction 'none' `[…]`, 0 where a label is ignored
 * @throws ShapeError for other shapes or dtypes; RangeError for a label that is none of the classes nor `ignoreIndex` on the
 * backends cpu and wasm; on the others the loss is NaN
 * @see torch.nn.functional.cross_entropy, whose `weight` is `classWeights`, and whose classes are the second axis
 * @example crossEntropy(logits, label, { labelSmoothing: 0.1 })
 */
export function crossEntropy<R extends Reduction = 'mean'>(
  logits: Tensor,
  targets: Tensor,
  options?: CrossEntropyOptions<R>,
): Reductions[R]
export function crossEntropy(
  logits: Tensor,
  targets: Tensor,
  { reduction = 'mean', ...options }: CrossEntropyOptions = {},
): Reductions[Reduction] {
  if (reduction === 'mean') return crossEntropyMean(logits, targets, options)
  if (reduction === 'sum') return { sum: crossEntropyOf(logits, targets, { ...options, reduction }) }
  return crossEntropyOf(logits, targets, { ...options, reduction }) // what else it may be is told there
}
