import { type ConfusionCounts, confusionMatrix } from './confusion-matrix.ts'
import type { Metric } from './metric.ts'
import type { LabelOptions } from './predicted-classes.ts'

/**
 * The accuracy within each class, one number a class; NaN for a class without samples. What counts is what counts in
 * `confusionMatrix`.
 */
export const classAccuracy = (
  classes: number,
  options: LabelOptions = {},
): Metric<ConfusionCounts, readonly number[]> => ({
  ...confusionMatrix(classes, options),
  compute: (counts) =>
    counts.map((row, target) => (row[target] as number) / row.reduce((total, count) => total + count, 0)),
})
