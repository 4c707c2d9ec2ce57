import { add, mul, neg, type Reduction, sigmoid, sub, type Tensor } from '@ddnet/ops'
import { binaryCrossEntropy } from './bce.ts'
import { expectAlike, expectAtLeast, expectNames } from './checks.ts'
import { powerOf } from './power.ts'
import { type Reductions, reduce } from './reduce.ts'

export interface SigmoidFocalOptions<R extends Reduction = Reduction> {
  readonly reduction?: R
  /** What targets of 1 count; those of 0 count `1 − alpha`. 0.25 by default; with −1 both count 1. */
  readonly alpha?: number
  /** How much less counts what is right already: 2 by default. With 0 it is `bceWithLogits`, weighted by `alpha`. */
  readonly gamma?: number
}

/**
 * Focal loss of each logit, `−αₜ · (1 − pₜ)^gamma · log pₜ`, where `pₜ` is the probability of what is true: σ(x) for a target of 1,
 * else 1 − σ(x). Their mean, whose weight is their count; or their sum, or each. Detectors take the sum, divided by how many
 * boxes there are: `{ mean: div(sum, boxes), weight: boxes }`.
 *
 * @param logits any shape, float32
 * @param targets 0 or 1, the same shape, float32
 * @throws ShapeError for tensors of different shapes; RangeError for an `alpha` beyond 0 … 1 but −1, or a `gamma` below 0
 * @see torchvision.ops.sigmoid_focal_loss, whose default reduction is 'none'; Lin et al. 2017, "Focal loss for dense object detection"
 */
export function sigmoidFocal<R extends Reduction = 'mean'>(
  logits: Tensor,
  targets: Tensor,
  options?: SigmoidFocalOptions<R>,
): Reductions[R]
export function sigmoidFocal(
  logits: Tensor,
  targets: Tensor,
  options: SigmoidFocalOptions = {},
): Reductions[Reduction] {
  expectNames('sigmoidFocal', options, ['reduction', 'alpha', 'gamma'])
  const { reduction = 'mean', alpha = 0.25, gamma = 2 } = options
  if (!((alpha >= 0 && alpha <= 1) || alpha === -1)) {
    throw new RangeError(`sigmoidFocal: expected alpha in 0 … 1, or −1 for none, got ${alpha}.`)
  }
  expectAtLeast('sigmoidFocal', 'gamma', gamma, 0)
  expectAlike('sigmoidFocal', { logits, targets })
  return reduce('sigmoidFocal', reduction, () => {
    const negative = sub(1, targets)
    // 1 − pₜ, without the subtraction, which would lose what is nearly right.
    const wrong = add(mul(targets, sigmoid(neg(logits))), mul(negative, sigmoid(logits)))
    const losses = mul(binaryCrossEntropy(logits, targets), powerOf(wrong, gamma))
    return alpha === -1 ? losses : mul(add(mul(alpha, targets), mul(1 - alpha, negative)), losses)
  })
}
