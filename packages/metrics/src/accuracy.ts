import { argMax, type Tensor, topK } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { classMeasure, counted, expectRows, type LabelOptions } from './class-scores.ts'
import { type Measure, stateMeasure } from './measure.ts'

interface Hits {
  readonly correct: number
  readonly count: number
}

const share = {
  merge: (a: Hits, b: Hits): Hits => ({ correct: a.correct + b.correct, count: a.count + b.count }),
  compute: ({ correct, count }: Hits): number => correct / count,
  better: 'higher',
  format: (value: number): string => formatPercent(value),
} as const

/** A share as percent with one decimal: `0.7654` → `76.5%`; never 100.0% for less than all. */
export const formatPercent = (value: number): string =>
  `${(value < 1 ? Math.min(value * 100, 99.9) : value * 100).toFixed(1)}%`

/**
 * The share of positions whose highest score is at their label, of those that count: `correct / count`, NaN where none does.
 *
 * @param logits scores `[…, classes]`
 * @param labels `[…]`, or probabilities `[…, classes]` as mixup makes them: of those the most probable class is the label
 * @throws ShapeError if the shapes do not fit; when it is read, RangeError for a label that is neither a class nor `ignoreIndex`
 * @example step: ({ image, label }, { model }) => { …; return { loss, metrics: { accuracy: accuracy(logits, label) } } }
 */
export const accuracy = (logits: Tensor, labels: Tensor, options: LabelOptions = {}): Measure =>
  classMeasure('accuracy', logits, labels, options, {
    ...share,
    count: ({ predicted, labels }): Hits => ({
      correct: predicted.reduce((total, each, row) => total + (each === labels[row] ? 1 : 0), 0),
      count: predicted.length,
    }),
  })

/**
 * The share of positions whose label is among the `k` highest scores. Of equal scores the first ones count.
 *
 * @param logits scores `[…, classes]`
 * @param labels `[…]`, or probabilities `[…, classes]`, of which the most probable class is the label
 * @throws ShapeError if the shapes do not fit, or there are fewer than `k` classes; when it is read, RangeError for a label that is
 * neither a class nor `ignoreIndex`
 */
export function topKAccuracy(logits: Tensor, labels: Tensor, k = 5, options: LabelOptions = {}): Measure {
  const classes = expectRows('topKAccuracy', logits, labels)
  const soft = labels.rank === logits.rank
  return stateMeasure({
    ...share,
    tensors: { highest: topK(logits, k).indices, labels: soft ? argMax(labels, -1) : labels },
    state: ({ highest, labels }) => {
      const targets = Array.from(labels.data, Number)
      const rows = targets.map((_, row) => row)
      const kept = soft
        ? { predicted: rows, labels: targets, positions: rows }
        : counted('topKAccuracy', rows, targets, classes, options)
      const isHit = (row: number, label: number) =>
        highest.data.subarray(row * k, (row + 1) * k).includes(label as never)
      return {
        correct: kept.predicted.filter((row, at) => isHit(row, itemAt(kept.labels, at))).length,
        count: kept.labels.length,
      }
    },
  })
}
