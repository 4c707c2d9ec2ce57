import type { Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { type Classes, classMeasure, type LabelOptions } from './class-scores.ts'
import type { Measure } from './measure.ts'

/** `counts[label][prediction]` */
export type ConfusionCounts = readonly (readonly number[])[]

function count({ predicted, labels }: Classes, classes: number): ConfusionCounts {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (const [row, prediction] of predicted.entries()) {
    const cells = itemAt(counts, itemAt(labels, row))
    cells[prediction] = itemAt(cells, prediction) + 1
  }
  return counts
}

const merge = (a: ConfusionCounts, b: ConfusionCounts): ConfusionCounts =>
  a.map((row, label) => row.map((count, prediction) => count + itemAt(b[label], prediction)))

/**
 * How many samples of each class (row) were taken for each class (column); those with the label `ignoreIndex` are left out.
 *
 * @param logits scores `[…, classes]`
 * @param labels `[…]`, or probabilities `[…, classes]`, of which the most probable class is the label
 * @throws ShapeError if the shapes do not fit; when it is read, RangeError for a label that is neither a class nor `ignoreIndex`
 */
export const confusionMatrix = (logits: Tensor, labels: Tensor, options: LabelOptions = {}): Measure<ConfusionCounts> =>
  classMeasure('confusionMatrix', logits, labels, options, { count, merge, compute: (counts) => counts })

/**
 * The accuracy within each class, one number a class; NaN for a class without samples. What counts is what counts in
 * `confusionMatrix`.
 */
export const classAccuracy = (logits: Tensor, labels: Tensor, options: LabelOptions = {}): Measure<readonly number[]> =>
  classMeasure('classAccuracy', logits, labels, options, {
    count,
    merge,
    compute: (counts) =>
      counts.map((row, label) => itemAt(row, label) / row.reduce((total, count) => total + count, 0)),
  })
