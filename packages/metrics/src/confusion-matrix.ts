import type { Metric } from './metric.ts'
import { classesOf, type LabelOptions } from './predicted-classes.ts'

/** `counts[target][prediction]` */
export type ConfusionCounts = readonly (readonly number[])[]

/**
 * How many samples of each class (row) were taken for each class (column); those with the label `ignoreIndex` are left out.
 * Predictions `[…, classes]`, targets `[…]` or probabilities `[…, classes]`.
 *
 * @throws RangeError for a label or a number of scores that does not fit `classes`
 */
export const confusionMatrix = (
  classes: number,
  options: LabelOptions = {},
): Metric<ConfusionCounts, ConfusionCounts> => ({
  init: () => Array.from({ length: classes }, () => new Array<number>(classes).fill(0)),
  update: (state, predictions, targets) => {
    const { predicted, labels } = classesOf('confusionMatrix', predictions, targets, options)
    if (predictions.shape.at(-1) !== classes) {
      throw new RangeError(`confusionMatrix: expected scores of ${classes} classes, got ${predictions.shape.at(-1)}.`)
    }
    const counts = state.map((row) => [...row])
    for (const [row, prediction] of predicted.entries()) {
      const cells = counts[labels[row] as number] as number[]
      cells[prediction] = (cells[prediction] as number) + 1
    }
    return counts
  },
  merge: (a, b) => a.map((row, target) => row.map((count, each) => count + (b[target]?.[each] as number))),
  compute: (counts) => counts,
})
