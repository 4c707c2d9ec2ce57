import type { Metric } from './metric.ts'
import { predictedClasses } from './predicted-classes.ts'

export interface AccuracyState {
  readonly correct: number
  readonly count: number
}

/**
 * The share of samples whose highest score is at their label: `correct / count`, NaN without samples.
 * Predictions `[batch, classes]`, targets `[batch]`.
 */
export const accuracy = (): Metric<AccuracyState, number> => ({
  init: () => ({ correct: 0, count: 0 }),
  update: (state, predictions, targets) => {
    const classes = predictedClasses('accuracy', predictions, targets)
    const correct = classes.reduce((total, each, row) => total + (each === Number(targets.data[row]) ? 1 : 0), 0)
    return { correct: state.correct + correct, count: state.count + classes.length }
  },
  merge: (a, b) => ({ correct: a.correct + b.correct, count: a.count + b.count }),
  compute: ({ correct, count }) => correct / count,
})
