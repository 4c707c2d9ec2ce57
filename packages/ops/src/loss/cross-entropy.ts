import { ones, type Scalar, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { logSoftmax } from '../activation/softmax.ts'
import { add, div, mul, neg } from '../array/arithmetic.ts'
import { asConstant, detach } from '../array/detach.ts'
import { expectRange } from '../array/index-range.ts'
import { reshape } from '../array/shape.ts'
import { sum } from '../array/sum.ts'
import { expectOperand, expectOptions, type OptionNames } from '../checks/expect.ts'
import { lastItem, tuple } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { crossEntropyOp } from './cross-entropy-op.ts'
import { dividedSumOp } from './divided-sum.ts'

/** Every option of a cross-entropy. */
const crossEntropyOptions: OptionNames<SoftmaxCrossEntropyOptions> = {
  reduction: true,
  labelSmoothing: true,
  classWeights: true,
  ignoreIndex: true,
}

export type Reduction = 'mean' | 'sum' | 'none'

export interface SoftmaxCrossEntropyOptions {
  /** The mean is weighted by the class weights of the labels; that of probabilities is over their count. */
  reduction?: Reduction
  /** Mixes the target with the uniform distribution: `(1 − s) · target + s / classes`. */
  labelSmoothing?: number
  /** One weight for each class, `[classes]`; PyTorch's `weight`. */
  classWeights?: Tensor
  /** Positions with this label count for nothing. */
  ignoreIndex?: number
}

/**
 * Softmax cross-entropy `−Σ target · log softmax(logits)` over the last axis, in nats.
 *
 * @param logits `[…, classes]`, float32: a batch `[batch, classes]`, or the classes of pixels `[batch, height, width, classes]`
 * @param targets int32 class indices `[…]`, or float32 probabilities `[…, classes]`, which have a gradient too
 * @param caller what errors begin with, where a loss or a metric stands on this
 * @returns a scalar, or `[…]` with reduction 'none'. The mean of nothing, as where all labels are ignored, is NaN
 * @throws ShapeError if shapes, dtypes or options do not fit
 * @throws RangeError if a label is none of the classes nor `ignoreIndex`, on the backends cpu and wasm. On the others
 * that would mean to wait for the device, and the loss is NaN
 * @see torch.nn.functional.cross_entropy, whose classes are the second axis
 * @example softmaxCrossEntropy(logits, labels, { classWeights, labelSmoothing: 0.1 })
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  options?: SoftmaxCrossEntropyOptions & { reduction?: 'mean' | 'sum' },
  caller?: string,
): Scalar
export function softmaxCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  options?: SoftmaxCrossEntropyOptions,
  caller?: string,
): Tensor
export function softmaxCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  options: SoftmaxCrossEntropyOptions = {},
  caller = 'softmaxCrossEntropy',
): Tensor {
  const { labelled, rows } = check(caller, logits, targets, options)
  const { reduction = 'mean' } = options
  const lead = logits.shape.slice(0, -1)
  return tidy(() => {
    if (rows === 0) return reduce(zeros(lead), reduction, 0)
    if (!labelled) return reduce(ofProbabilities(logits, targets, options), reduction, rows)
    if (reduction === 'mean') return ofLabels(logits, targets, options).mean
    return reduce(reshape(lossesOf(logits, targets, options)[0], lead), reduction, rows)
  })
}

/** A mean, and what it was divided by: what it weighs where means are averaged to that of all their parts. */
export interface WeightedMean {
  readonly mean: Scalar
  /** Where it is a tensor, it is a scalar and no gradient flows into it. */
  readonly weight: Scalar | number
}

/**
 * The mean cross-entropy with its divisor: the sum of the labels' class weights, without those that are ignored; of
 * probabilities their count. So the mean over a whole is `Σ weight · mean / Σ weight` over any parts of it, but for parts of
 * weight 0, whose mean is NaN: they count for nothing.
 *
 * @throws what `softmaxCrossEntropy` throws
 * @see softmaxCrossEntropy
 */
export function softmaxCrossEntropyMean(
  logits: Tensor,
  targets: Tensor,
  options: Omit<SoftmaxCrossEntropyOptions, 'reduction'> = {},
  caller = 'softmaxCrossEntropyMean',
): WeightedMean {
  const { labelled, rows } = check(caller, logits, targets, options)
  return tidy(() => {
    if (rows === 0) return { mean: reduce(zeros(targets.shape), 'mean', 0) as Scalar, weight: 0 }
    if (labelled) return ofLabels(logits, targets, options)
    return { mean: reduce(ofProbabilities(logits, targets, options), 'mean', rows) as Scalar, weight: rows }
  })
}

/** What most often is meant by shapes and dtypes that do not fit. */
function remedyFor(logits: Tensor, targets: Tensor): string {
  const lead = logits.shape.slice(0, -1)
  const [batch = 0, , ...pixels] = logits.shape
  if (logits.dtype !== 'float32') return "Cast logits: cast(logits, 'float32')."
  if (targets.dtype !== 'int32' && same(targets.shape, lead)) return "Cast labels: cast(labels, 'int32')."
  if (logits.rank > 2 && same(targets.shape, [batch, ...pixels]))
    return `The classes are the last axis: transpose(logits, [0, ${[...pixels.map((_, at) => at + 2), 1].join(', ')}]).`
  if (targets.rank === logits.rank && targets.shape.at(-1) === 1 && same(targets.shape.slice(0, -1), lead))
    return 'Labels have no axis of classes: squeeze(labels, [-1]).'
  if (logits.rank > 2 && same(targets.shape, [batch]))
    return `These logits are of positions: give a label for each, [${lead}], or average them first: mean(logits, [${lead
      .slice(1)
      .map((_, at) => at + 1)
      .join(', ')}]).`
  return `Give labels of shape [${lead}].`
}

/** Checks all arguments; says whether the targets are labels, and of how many rows. */
function check(
  caller: string,
  logits: Tensor,
  targets: Tensor,
  options: SoftmaxCrossEntropyOptions,
): { labelled: boolean; rows: number } {
  expectOptions(caller, options, crossEntropyOptions)
  expectOperand(caller, 'logits', logits)
  expectOperand(caller, 'targets', targets)
  const lead = logits.shape.slice(0, -1)
  const labelled = targets.dtype === 'int32' && same(targets.shape, lead)
  if (logits.dtype !== 'float32' || !(labelled || (targets.dtype === 'float32' && same(targets.shape, logits.shape)))) {
    throw new ShapeError(
      `${caller}: expected float32 logits […, classes] and int32 labels […], or float32 probabilities […, classes], got ${logits.dtype} [${logits.shape}] and ${targets.dtype} [${targets.shape}]. ${remedyFor(logits, targets)}`,
    )
  }
  const classes = logits.shape.at(-1) ?? 0
  if (classes === 0) throw new ShapeError(`${caller}: expected at least one class, got logits [${logits.shape}].`)
  checkOptions(caller, options, classes, labelled)
  const rows = logits.size / classes
  if (labelled && rows > 0) expectRange(caller, 'labels', targets, classes, options.ignoreIndex ?? -100)
  return { labelled, rows }
}

const ofProbabilities = (
  logits: Tensor,
  targets: Tensor,
  { labelSmoothing = 0, classWeights }: SoftmaxCrossEntropyOptions,
): Tensor => {
  const classes = lastItem(logits.shape)
  const smooth = labelSmoothing === 0 ? targets : add(mul(1 - labelSmoothing, targets), labelSmoothing / classes)
  const weighted = classWeights === undefined ? smooth : mul(smooth, classWeights)
  return neg(sum(mul(weighted, logSoftmax(logits)), -1))
}

/** Losses and weights of the rows. */
function lossesOf(
  logits: Tensor,
  targets: Tensor,
  { labelSmoothing = 0, classWeights, ignoreIndex = -100 }: SoftmaxCrossEntropyOptions,
): [Tensor, Tensor] {
  const classes = lastItem(logits.shape)
  const rows = logits.size / classes
  return tuple(
    crossEntropyOp(
      {
        logits: reshape(logits, [rows, classes]),
        labels: reshape(asConstant(targets), [rows]),
        classWeights: classWeights ?? ones([classes]),
      },
      { labelSmoothing, ignoreIndex },
    ),
    2,
  )
}

function ofLabels(
  logits: Tensor,
  targets: Tensor,
  options: SoftmaxCrossEntropyOptions,
): { mean: Scalar; weight: Scalar } {
  const [losses, weights] = lossesOf(logits, targets, options)
  const weight = sum(detach(weights))
  return { mean: dividedSumOp({ x: losses, divisor: weight }, {}) as Scalar, weight }
}

function reduce(losses: Tensor, reduction: Reduction, count: number): Tensor {
  if (reduction === 'none') return losses
  return reduction === 'sum' ? sum(losses) : div(sum(losses), count)
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis])

function checkOptions(
  caller: string,
  { reduction = 'mean', labelSmoothing = 0, classWeights, ignoreIndex = -100 }: SoftmaxCrossEntropyOptions,
  classes: number,
  labelled: boolean,
): void {
  if (!['mean', 'sum', 'none'].includes(reduction)) {
    throw new ShapeError(`${caller}: expected reduction 'mean', 'sum' or 'none', got '${reduction}'.`)
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ShapeError(`${caller}: expected labelSmoothing in [0, 1], got ${labelSmoothing}.`)
  }
  if (classWeights !== undefined && (!same(classWeights.shape, [classes]) || classWeights.dtype !== 'float32')) {
    throw new ShapeError(
      `${caller}: expected float32 classWeights [${classes}], got ${classWeights.dtype} [${classWeights.shape}].`,
    )
  }
  if (!Number.isInteger(ignoreIndex)) {
    throw new ShapeError(`${caller}: expected ignoreIndex to be an integer, got ${ignoreIndex}.`)
  }
  if (!labelled && ignoreIndex >= 0) {
    throw new ShapeError(
      `${caller}: expected no ignoreIndex with probabilities, got ${ignoreIndex}. Make those rows zeros.`,
    )
  }
}
