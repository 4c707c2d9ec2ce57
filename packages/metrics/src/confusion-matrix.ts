import type { Metric } from './metric.ts'
import { classesOf } from './predicted-classes.ts'

/** `counts[target][prediction]` */
export type ConfusionCounts = readonly (readonly number[])[]

/**
 * How many samples of each class (row) were taken for each class (column).
 * Predictions `[batch, classes]`, targets `[batch]` or probabilities `[batch, classes]`.
 *
 * @throws RangeError for a label or a number of scores that does not fit `classes`
 */
export const confusionMatrix = (classes: number): Metric<ConfusionCounts, ConfusionCounts> => ({
  init: () => Array.from({ length: classes }, () => new Array<number>(classes).fill(0)),
  update: (state, predictions, targets) => {
    const { predicted, labels } = classesOf('confusionMatrix', predictions, targets)
    if (predictions.shape[1] !== classes) {
      throw new RangeError(`confusionMatrix: expected scores of ${classes} classes, got ${predictions.shape[1]}.`)
    }
    const counts = state.map((row) => [...row])
    for (const [row, prediction] of predicted.entries()) {
      const label = labels[row] as number
      const cells = counts[label]
      if (cells === undefined) throw new RangeError(`confusionMatrix: label ${label} is not in 0 … ${classes - 1}.`)
      cells[prediction] = (cells[prediction] as number) + 1
    }
    return counts
  },
  merge: (a, b) => a.map((row, target) => row.map((count, each) => count + (b[target]?.[each] as number))),
  compute: (counts) => counts,
})
