import { type ConfusionCounts, confusionMatrix } from './confusion-matrix.ts'
import type { Metric } from './metric.ts'

/** The accuracy within each class, one number a class; NaN for a class without samples. */
export const classAccuracy = (classes: number): Metric<ConfusionCounts, readonly number[]> => ({
  ...confusionMatrix(classes),
  compute: (counts) =>
    counts.map((row, target) => (row[target] as number) / row.reduce((total, count) => total + count, 0)),
})
