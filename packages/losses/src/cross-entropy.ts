import {
  type Reduction,
  type SoftmaxCrossEntropyOptions,
  softmaxCrossEntropy,
  softmaxCrossEntropyMean,
  type Tensor,
} from '@ddnet/ops'
import type { Reductions } from './reduce.ts'

export interface CrossEntropyOptions<R extends Reduction = Reduction>
  extends Omit<SoftmaxCrossEntropyOptions, 'reduction'> {
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
  if (reduction === 'mean') return softmaxCrossEntropyMean(logits, targets, options, 'crossEntropy')
  if (reduction === 'sum') {
    return { sum: softmaxCrossEntropy(logits, targets, { ...options, reduction }, 'crossEntropy') }
  }
  return softmaxCrossEntropy(logits, targets, { ...options, reduction }, 'crossEntropy') // what else it may be is told there
}
