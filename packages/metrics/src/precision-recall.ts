import type { Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { formatPercent } from './accuracy.ts'
import { type ClassCounts, countClasses, mergeCounts, total } from './class-counts.ts'
import { classMeasure, type LabelOptions } from './class-scores.ts'
import type { Measure } from './measure.ts'

/**
 * How the scores of classes become one number:
 *
 * - `macro`: their mean over the classes that occur, as label or as prediction
 * - `weighted`: that mean, in which each class counts as often as it is the label
 * - `micro`: one score of all counts together, which for one label a position is the accuracy
 */
export type Average = 'macro' | 'weighted' | 'micro'

export interface ClassScoreOptions extends LabelOptions {
  /** What 0 / 0 counts as, 0 by default: the precision of a class that was never predicted. What is NaN is left out of means. */
  readonly zeroDivision?: number
}

export interface AverageOptions extends ClassScoreOptions {
  /** 'macro' by default. */
  readonly average?: Average
}

/** A score of one class, or of several whose counts are added. */
interface Score {
  readonly name: string
  above(hits: number): number
  below(predicted: number, labelled: number): number
}

const precisionScore: Score = { name: 'precision', above: (hits) => hits, below: (predicted) => predicted }
const recallScore: Score = { name: 'recall', above: (hits) => hits, below: (_, labelled) => labelled }
const f1Score: Score = { name: 'f1', above: (hits) => 2 * hits, below: (predicted, labelled) => predicted + labelled }

/**
 * The share of what was predicted as a class that is of it, `hits / predicted`. NaN without samples.
 *
 * @param logits scores `[…, classes]`
 * @param labels `[…]`, or probabilities `[…, classes]`, of which the most probable class is the label
 * @throws ShapeError if the shapes do not fit; RangeError for another average, or a `zeroDivision` that is neither in 0 … 1 nor
 * NaN; when it is read, RangeError for a label that is neither a class nor `ignoreIndex`
 * @see sklearn.metrics.precision_score
 */
export const precision = (logits: Tensor, labels: Tensor, options: AverageOptions = {}): Measure =>
  averaged(precisionScore, logits, labels, options)

/**
 * The share of a class that was found, `hits / labelled`. NaN without samples.
 *
 * @param logits scores `[…, classes]`
 * @param labels `[…]`, or probabilities `[…, classes]`
 * @throws what `precision` throws
 * @see sklearn.metrics.recall_score
 */
export const recall = (logits: Tensor, labels: Tensor, options: AverageOptions = {}): Measure =>
  averaged(recallScore, logits, labels, options)

/**
 * The harmonic mean of precision and recall, `2 · hits / (predicted + labelled)`. Of pixels it is the Dice coefficient of all
 * pictures together; `diceScore` is that of each. NaN without samples.
 *
 * @param logits scores `[…, classes]`
 * @param labels `[…]`, or probabilities `[…, classes]`
 * @throws what `precision` throws
 * @see sklearn.metrics.f1_score
 */
export const f1 = (logits: Tensor, labels: Tensor, options: AverageOptions = {}): Measure =>
  averaged(f1Score, logits, labels, options)

/** `precision` of each class, one number a class. */
export const classPrecision = (
  logits: Tensor,
  labels: Tensor,
  options: ClassScoreOptions = {},
): Measure<readonly number[]> => ofClasses(precisionScore, logits, labels, options)

/** `recall` of each class, one number a class. */
export const classRecall = (
  logits: Tensor,
  labels: Tensor,
  options: ClassScoreOptions = {},
): Measure<readonly number[]> => ofClasses(recallScore, logits, labels, options)

/** `f1` of each class, one number a class. */
export const classF1 = (logits: Tensor, labels: Tensor, options: ClassScoreOptions = {}): Measure<readonly number[]> =>
  ofClasses(f1Score, logits, labels, options)

function ofClasses(
  score: Score,
  logits: Tensor,
  labels: Tensor,
  { zeroDivision = 0, ...options }: ClassScoreOptions,
): Measure<readonly number[]> {
  const name = `class${score.name.replace(/^./, (letter) => letter.toUpperCase())}`
  expectZeroDivision(name, zeroDivision)
  return classMeasure(name, logits, labels, options, {
    count: countClasses,
    merge: mergeCounts,
    compute: (counts) => scoresOf(score, counts, zeroDivision),
  })
}

function averaged(
  score: Score,
  logits: Tensor,
  labels: Tensor,
  { average = 'macro', zeroDivision = 0, ...options }: AverageOptions,
): Measure {
  if (!Object.hasOwn(averages, average)) {
    throw new RangeError(`${score.name}: expected average to be 'macro', 'weighted' or 'micro', got '${average}'.`)
  }
  expectZeroDivision(score.name, zeroDivision)
  return classMeasure(score.name, logits, labels, options, {
    count: countClasses,
    merge: mergeCounts,
    compute: (counts) => (total(counts.labelled) === 0 ? Number.NaN : averages[average](score, counts, zeroDivision)),
    better: 'higher',
    format: formatPercent,
  })
}

const averages: Readonly<Record<Average, (score: Score, counts: ClassCounts, zeroDivision: number) => number>> = {
  macro(score, counts, zeroDivision) {
    const occurs = counts.labelled.map((labelled, at) => (labelled + (counts.predicted[at] ?? 0) > 0 ? 1 : 0))
    return meanOf(scoresOf(score, counts, zeroDivision), occurs)
  },
  weighted: (score, counts, zeroDivision) => meanOf(scoresOf(score, counts, zeroDivision), counts.labelled),
  micro(score, { hits, predicted, labelled }, zeroDivision) {
    const all = { hits: [total(hits)], predicted: [total(predicted)], labelled: [total(labelled)] }
    return itemAt(scoresOf(score, all, zeroDivision), 0)
  },
}

const scoresOf = (score: Score, { hits, predicted, labelled }: ClassCounts, zeroDivision: number): number[] =>
  hits.map((count, at) => {
    const below = score.below(predicted[at] ?? 0, labelled[at] ?? 0)
    return below === 0 ? zeroDivision : score.above(count) / below
  })

/** The mean of those that are numbers. */
function meanOf(scores: readonly number[], weights: readonly number[]): number {
  const counted = weights.map((weight, at) => (Number.isNaN(scores[at]) ? 0 : weight))
  return total(scores.map((score, at) => (counted[at] === 0 ? 0 : score * (counted[at] ?? 0)))) / total(counted)
}

function expectZeroDivision(name: string, value: number): void {
  if ((value >= 0 && value <= 1) || Number.isNaN(value)) return
  throw new RangeError(`${name}: expected zeroDivision in 0 … 1 or NaN, got ${value}.`)
}
