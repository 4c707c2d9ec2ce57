import type { Metric } from './metric.ts'
import { classesOf, type LabelOptions } from './predicted-classes.ts'

export interface AccuracyState {
  readonly correct: number
  readonly count: number
}

/**
 * The share of positions whose highest score is at their label, of those that count: `correct / count`, NaN where none does.
 * Predictions `[…, classes]`, targets `[…]`, or probabilities `[…, classes]` as mixup makes them: of those the
 * most probable class is the label.
 *
 * @throws RangeError for a label that is neither a class nor `ignoreIndex`
 */
export const accuracy = (options: LabelOptions = {}): Metric<AccuracyState, number> => ({
  init: () => ({ correct: 0, count: 0 }),
  update: (state, predictions, targets) => {
    const { predicted, labels } = classesOf('accuracy', predictions, targets, options)
    const correct = predicted.reduce((total, each, row) => total + (each === labels[row] ? 1 : 0), 0)
    return { correct: state.correct + correct, count: state.count + predicted.length }
  },
  merge: (a, b) => ({ correct: a.correct + b.correct, count: a.count + b.count }),
  compute: ({ correct, count }) => correct / count,
})
