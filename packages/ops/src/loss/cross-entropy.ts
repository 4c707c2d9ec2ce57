import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { logSoftmax } from '../activation/activations.ts'
import { add, mul, neg } from '../array/arithmetic.ts'
import { mean, sum } from '../array/reduce.ts'
import { oneHot } from '../array/select.ts'
import { ShapeError } from '../engine/shape-error.ts'

export type Reduction = 'mean' | 'sum' | 'none'

export interface CrossEntropyOptions {
  reduction?: Reduction
  /** Mixes the one-hot target with the uniform distribution: `(1 − s) · onehot + s / classes`. */
  labelSmoothing?: number
}

/**
 * Softmax cross-entropy `−Σ target · log softmax(logits)`, in nats.
 *
 * @param logits `[batch, classes]`, float32
 * @param labels `[batch]`, int32 class indices
 * @returns a scalar, or `[batch]` with reduction 'none'
 * @throws ShapeError if the shapes or dtypes do not fit
 * @see torch.nn.functional.cross_entropy
 */
export function crossEntropy(
  logits: Tensor2D,
  labels: Tensor1D,
  options: CrossEntropyOptions & { reduction: 'none' },
): Tensor1D
export function crossEntropy(logits: Tensor2D, labels: Tensor1D, options?: CrossEntropyOptions): Scalar
export function crossEntropy(
  logits: Tensor2D,
  labels: Tensor1D,
  { reduction = 'mean', labelSmoothing = 0 }: CrossEntropyOptions = {},
): Tensor {
  const [batch, classes] = logits.shape
  if (logits.rank !== 2 || labels.rank !== 1 || labels.shape[0] !== batch || labels.dtype !== 'int32') {
    throw new ShapeError(
      `crossEntropy: expected logits [batch, classes] and int32 labels [batch], got [${logits.shape}] and ${labels.dtype} [${labels.shape}].`,
    )
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ShapeError(`crossEntropy: expected labelSmoothing in [0, 1], got ${labelSmoothing}.`)
  }
  const hard = oneHot(labels, classes)
  const target = labelSmoothing === 0 ? hard : add(mul(1 - labelSmoothing, hard), labelSmoothing / classes)
  const losses = neg(sum(mul(target, logSoftmax(logits)), -1)) // [batch]
  return reduction === 'none' ? losses : reduction === 'sum' ? sum(losses) : mean(losses)
}
