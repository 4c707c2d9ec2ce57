import type { Tensor } from '@ddnet/ops'
import { formatPercent } from './accuracy.ts'
import { type ClassCounts, countClasses, mergeCounts, total } from './class-counts.ts'
import { classMeasure, type LabelOptions } from './class-scores.ts'
import type { Measure } from './measure.ts'

/**
 * Intersection over union of each class, over all positions of all batches: `hits / (predicted + labelled − hits)`, one number
 * a class. NaN for a class that is nowhere, neither as label nor as prediction.
 *
 * @param logits scores `[…, classes]`: of a segmentation `[batch, height, width, classes]`
 * @param labels `[…]`, or probabilities `[…, classes]`, of which the most probable class is the label
 * @throws ShapeError if the shapes do not fit; when it is read, RangeError for a label that is neither a class nor `ignoreIndex`
 * @see sklearn.metrics.jaccard_score
 */
export const classIou = (logits: Tensor, labels: Tensor, options: LabelOptions = {}): Measure<readonly number[]> =>
  classMeasure('classIou', logits, labels, options, { count: countClasses, merge: mergeCounts, compute: iouOf })

/**
 * The mean intersection over union of the classes that occur, as label or as prediction. NaN where none does.
 *
 * @param logits scores `[…, classes]`: of a segmentation `[batch, height, width, classes]`
 * @param labels `[…]`, or probabilities `[…, classes]`
 * @throws what `classIou` throws
 * @see sklearn.metrics.jaccard_score with average='macro'; Everingham et al. 2010, "The Pascal VOC challenge"
 */
export const meanIou = (logits: Tensor, labels: Tensor, options: LabelOptions = {}): Measure =>
  classMeasure('meanIou', logits, labels, options, {
    count: countClasses,
    merge: mergeCounts,
    compute(counts) {
      const known = iouOf(counts).filter((iou) => !Number.isNaN(iou))
      return total(known) / known.length
    },
    better: 'higher',
    format: formatPercent,
  })

const iouOf = ({ hits, predicted, labelled }: ClassCounts): number[] =>
  hits.map((count, at) => count / ((predicted[at] ?? 0) + (labelled[at] ?? 0) - count))
