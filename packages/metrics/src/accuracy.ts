import type { Metric } from './metric.ts'
import { classesOf } from './predicted-classes.ts'

export interface AccuracyState {
  readonly correct: number
  readonly count: number
}

/**
 * The share of samples whose highest score is at their label: `correct / count`, NaN without samples.
 * Predictions `[batch, classes]`, targets `[batch]`, or probabilities `[batch, classes]` as mixup makes them: of those the
 * most probable class is the label.
 */
export const accuracy = (): Metric<AccuracyState, number> => ({
  init: () => ({ correct: 0, count: 0 }),
  update: (state, predictions, targets) => {
    const { predicted, labels } = classesOf('accuracy', predictions, targets)
    const correct = predicted.reduce((total, each, row) => total + (each === labels[row] ? 1 : 0), 0)
    return { correct: state.correct + correct, count: state.count + predicted.length }
  },
  merge: (a, b) => ({ correct: a.correct + b.correct, count: a.count + b.count }),
  compute: ({ correct, count }) => correct / count,
})
