import {
  add,
  cast,
  div,
  equal,
  expandDims,
  greaterEqual,
  less,
  logicalAnd,
  logicalOr,
  mul,
  notEqual,
  oneHot,
  type Reduction,
  ShapeError,
  sigmoid,
  softmax,
  sub,
  sum,
  type Tensor,
  where,
} from '@ddnet/ops'
import { expectAlike, expectLabels, expectNames, expectPositive } from './checks.ts'
import { type Reductions, reduce } from './reduce.ts'

export interface DiceOptions<R extends Reduction = Reduction> {
  readonly reduction?: R
  /**
   * What makes probabilities of logits: 'softmax' by default where the targets are labels, of which each pixel has one, and
   * 'sigmoid' where they are masks, which may overlap. 'none' takes them as probabilities.
   */
  readonly activation?: 'softmax' | 'sigmoid' | 'none'
  /** Added above and below, which keeps a class that is nowhere from dividing by 0: 1e-5 by default. */
  readonly smooth?: number
  /** Pixels with this label count for nothing, −100 by default. */
  readonly ignoreIndex?: number
}

/**
 * One minus the soft Dice coefficient of each sample and class, `1 − (2 Σ p·t + smooth) / (Σ p + Σ t + smooth)`, summed over the
 * pixels: what a segmentation is measured by, whatever the share of a class. The mean over samples and classes, whose count
 * is its weight; or their sum, or each.
 *
 * A sample of which all pixels are ignored has the loss 0.
 *
 * @param logits `[batch, …, classes]`, float32
 * @param targets int32 labels `[batch, …]`, or masks from 0 to 1 `[batch, …, classes]`, float32
 * @returns with reduction 'none' `[batch, classes]`
 * @throws ShapeError for other shapes and dtypes; RangeError unless `smooth` is above 0. For a label that is none of the classes
 * nor `ignoreIndex` RangeError on the backends cpu and wasm; on the others the loss is NaN
 * @see Milletari et al. 2016, "V-Net"; MONAI's DiceLoss with smooth_nr = smooth_dr
 * @example { loss: { class: crossEntropy(logits, mask), overlap: diceLoss(logits, mask) } }
 */
export function diceLoss<R extends Reduction = 'mean'>(
  logits: Tensor,
  targets: Tensor,
  options?: DiceOptions<R>,
): Reductions[R]
export function diceLoss(logits: Tensor, targets: Tensor, options: DiceOptions = {}): Reductions[Reduction] {
  expectNames('diceLoss', options, ['reduction', 'activation', 'smooth', 'ignoreIndex'])
  const labelled = targets.dtype === 'int32'
  const {
    reduction = 'mean',
    activation = labelled ? 'softmax' : 'sigmoid',
    smooth = 1e-5,
    ignoreIndex = -100,
  } = options
  expectPositive('diceLoss', 'smooth', smooth)
  if (!Object.hasOwn(activations, activation)) {
    throw new RangeError(`diceLoss: expected activation 'softmax', 'sigmoid' or 'none', got '${activation}'.`)
  }
  const classes = logits.shape.at(-1) ?? 0
  const lead = logits.shape.slice(0, -1)
  if (logits.dtype !== 'float32' || logits.rank < 2 || (labelled && targets.shape.join() !== lead.join())) {
    throw new ShapeError(
      `diceLoss: expected float32 logits [batch, …, classes] and int32 labels [batch, …], or float32 masks [batch, …, classes], got ${logits.dtype} [${logits.shape}] and ${targets.dtype} [${targets.shape}].`,
    )
  }
  if (labelled) expectLabels('diceLoss', targets, classes, ignoreIndex)
  else expectAlike('diceLoss', { logits, targets })
  const inner = lead.map((_, axis) => axis).slice(1)
  const overPixels = (x: Tensor): Tensor => (inner.length === 0 ? x : sum(x, inner)) // [batch, classes]
  return reduce('diceLoss', reduction, () => {
    const all = activations[activation](logits)
    const masks = labelled ? masksOf(targets, classes, ignoreIndex) : targets
    // What is ignored is 0 in both.
    const found = labelled ? mul(all, cast(expandDims(notEqual(targets, ignoreIndex), -1), 'float32')) : all
    const both = overPixels(mul(found, masks))
    const total = add(overPixels(found), overPixels(masks))
    return sub(1, div(add(mul(2, both), smooth), add(total, smooth)))
  })
}

const activations = {
  softmax: (x: Tensor): Tensor => softmax(x),
  sigmoid: (x: Tensor): Tensor => sigmoid(x),
  none: (x: Tensor): Tensor => x,
}

/** One mask for each class; NaN for a label that is none and is not ignored. */
function masksOf(labels: Tensor, classes: number, ignoreIndex: number): Tensor {
  const isClass = logicalAnd(greaterEqual(labels, 0), less(labels, classes))
  const known = logicalOr(isClass, equal(labels, ignoreIndex))
  const counted = expandDims(logicalAnd(isClass, notEqual(labels, ignoreIndex)), -1)
  const hits = mul(oneHot(labels, classes), cast(counted, 'float32'))
  return where(expandDims(known, -1), hits, Number.NaN)
}
