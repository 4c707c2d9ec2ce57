import {
  add,
  div,
  greater,
  logicalAnd,
  maximum,
  minimum,
  mul,
  type Reduction,
  ShapeError,
  sub,
  type Tensor,
  unstack,
  where,
} from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { expectAlike, expectNames } from './checks.ts'
import { type Reductions, reduce } from './reduce.ts'

export interface GiouOptions<R extends Reduction = Reduction> {
  readonly reduction?: R
  /** Keeps divisions from those by 0: 1e-7 by default. */
  readonly eps?: number
}

/**
 * Generalized intersection over union of pairs of boxes, as a loss: `1 − (I / U − (C − U) / C)`, where I is the area of the
 * intersection, U of the union, and C of the smallest box around both. From 0, for equal boxes, to 2; unlike `1 − I / U` it
 * has a gradient where boxes do not meet. The mean over the pairs, whose count is its weight; or their sum, or each. A pair
 * of boxes without area at one point has the loss 1.
 *
 * @param boxes left, top, right and bottom: `[…, 4]`, float32, with left ≤ right and top ≤ bottom
 * @param targets the same shape
 * @returns with reduction 'none' `[…]`
 * @throws ShapeError for tensors of different shapes, or whose last axis is not 4
 * @see torchvision.ops.generalized_box_iou_loss, whose default reduction is 'none'; Rezatofighi et al. 2019
 */
export function giouLoss<R extends Reduction = 'mean'>(
  boxes: Tensor,
  targets: Tensor,
  options?: GiouOptions<R>,
): Reductions[R]
export function giouLoss(boxes: Tensor, targets: Tensor, options: GiouOptions = {}): Reductions[Reduction] {
  expectNames('giouLoss', options, ['reduction', 'eps'])
  const { reduction = 'mean', eps = 1e-7 } = options
  expectAlike('giouLoss', { boxes, targets })
  if (boxes.shape.at(-1) !== 4) {
    throw new ShapeError(`giouLoss: expected boxes […, 4] of left, top, right and bottom, got [${boxes.shape}].`)
  }
  return reduce('giouLoss', reduction, () => {
    const [a, b] = [sidesOf(boxes), sidesOf(targets)]
    const inner = {
      left: maximum(a.left, b.left),
      top: maximum(a.top, b.top),
      right: minimum(a.right, b.right),
      bottom: minimum(a.bottom, b.bottom),
    }
    const meet = logicalAnd(greater(inner.right, inner.left), greater(inner.bottom, inner.top))
    const intersection = where(meet, areaOf(inner), 0)
    const union = sub(add(areaOf(a), areaOf(b)), intersection)
    const around = areaOf({
      left: minimum(a.left, b.left),
      top: minimum(a.top, b.top),
      right: maximum(a.right, b.right),
      bottom: maximum(a.bottom, b.bottom),
    })
    const iou = div(intersection, add(union, eps))
    return sub(1, sub(iou, div(sub(around, union), add(around, eps))))
  })
}

type Sides = Readonly<Record<'left' | 'top' | 'right' | 'bottom', Tensor>>

/** Four tensors `[…]` of boxes `[…, 4]`. */
function sidesOf(boxes: Tensor): Sides {
  const sides = unstack(boxes, -1)
  return { left: itemAt(sides, 0), top: itemAt(sides, 1), right: itemAt(sides, 2), bottom: itemAt(sides, 3) }
}

const areaOf = ({ left, top, right, bottom }: Sides): Tensor => mul(sub(right, left), sub(bottom, top))
