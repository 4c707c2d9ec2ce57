import { add, logSigmoid, mul, neg, type Reduction, ShapeError, sub, type Tensor } from '@ddnet/ops'
import { expectAlike, expectNames } from './checks.ts'
import { type Reductions, reduce } from './reduce.ts'

export interface BceOptions<R extends Reduction = Reduction> {
  readonly reduction?: R
  /** How much each loss counts, of a shape that broadcasts to the targets': `[batch, 1]` for samples. The mean divides by the count all the same. */
  readonly weight?: Tensor
  /** How much more a target of 1 counts, of a shape that broadcasts to the targets': `[classes]`, negatives / positives of each class. */
  readonly posWeight?: Tensor
}

/**
 * Binary cross-entropy of logits, for each element `−posWeight · t · log σ(x) − (1 − t) · log(1 − σ(x))`, in nats: several
 * classes that exclude nothing, or the pixels of a mask. Their mean, whose weight is their count; or their sum, or each.
 *
 * Computed with `log σ(±x)`, which neither overflows nor cancels.
 *
 * @param logits any shape, float32
 * @param targets probabilities of the same shape, float32
 * @throws ShapeError for tensors of different shapes, or weights that do not broadcast to them
 * @see torch.nn.functional.binary_cross_entropy_with_logits
 * @example bceWithLogits(logits, mask, { posWeight: tensor([9]) }) // a tenth of the pixels are 1
 */
export function bceWithLogits<R extends Reduction = 'mean'>(
  logits: Tensor,
  targets: Tensor,
  options?: BceOptions<R>,
): Reductions[R]
export function bceWithLogits(logits: Tensor, targets: Tensor, options: BceOptions = {}): Reductions[Reduction] {
  expectNames('bceWithLogits', options, ['reduction', 'weight', 'posWeight'])
  const { reduction = 'mean', weight, posWeight } = options
  expectAlike('bceWithLogits', { logits, targets }, 'Labels of classes that exclude each other go with crossEntropy.')
  for (const [name, value] of Object.entries({ weight, posWeight })) {
    if (value !== undefined) expectToBroadcast(name, value, targets)
  }
  return reduce('bceWithLogits', reduction, () => {
    const losses = binaryCrossEntropy(logits, targets, posWeight)
    return weight === undefined ? losses : mul(weight, losses)
  })
}

/** The loss of each element, where shapes were checked. */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor, posWeight?: Tensor): Tensor {
  const positive = mul(targets, logSigmoid(logits))
  const negative = mul(sub(1, targets), logSigmoid(neg(logits)))
  return neg(add(posWeight === undefined ? positive : mul(posWeight, positive), negative))
}

function expectToBroadcast(name: string, { dtype, shape }: Tensor, targets: Tensor): void {
  const offset = targets.rank - shape.length
  const fits = offset >= 0 && shape.every((size, axis) => size === 1 || size === targets.shape[axis + offset])
  if (fits && dtype === 'float32') return
  throw new ShapeError(
    `bceWithLogits: expected a float32 ${name} whose shape broadcasts to the targets' [${targets.shape}], got ${dtype} [${shape}].`,
  )
}
