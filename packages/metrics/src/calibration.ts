import { argMax, max, softmax, type Tensor, tidy } from '@ddnet/ops'
import { formatPercent } from './accuracy.ts'
import { addAt, plus, zeros } from './class-counts.ts'
import { counted, expectRows, type LabelOptions } from './class-scores.ts'
import { type Measure, stateMeasure } from './measure.ts'

export interface CalibrationOptions extends LabelOptions {
  /** How many bins of equal width there are from 0 to 1: 15 by default. */
  readonly bins?: number
}

/** Of each bin: how many predictions are in it, the sum of their confidences, and how many are right. */
interface Bins {
  readonly count: readonly number[]
  readonly confidence: readonly number[]
  readonly correct: readonly number[]
}

/**
 * The expected calibration error: how far confidence and accuracy lie apart, `Σ |accuracy(b) − confidence(b)| · n(b) / n` over
 * bins b of predictions of similar confidence. Confidence is the largest probability, of `softmax(logits)`, and a bin takes its
 * upper edge along. A model that says 80 % is right in 80 % of these cases has 0. NaN without samples.
 *
 * @param logits `[…, classes]`
 * @param labels `[…]`, or probabilities `[…, classes]`, of which the most probable class is the label
 * @throws ShapeError if the shapes do not fit; RangeError unless `bins` is a whole number above 0; when it is read, RangeError for
 * a label that is neither a class nor `ignoreIndex`
 * @see Guo et al. 2017, "On calibration of modern neural networks"
 */
export function calibrationError(logits: Tensor, labels: Tensor, options: CalibrationOptions = {}): Measure {
  const { bins = 15, ...kept } = options
  const classes = expectRows('calibrationError', logits, labels)
  if (!(Number.isInteger(bins) && bins >= 1)) {
    throw new RangeError(`calibrationError: expected bins to be a whole number above 0, got ${bins}.`)
  }
  const soft = labels.rank === logits.rank
  return stateMeasure({
    tensors: tidy(() => ({
      confidence: max(softmax(logits), -1),
      predicted: argMax(logits, -1),
      labels: soft ? argMax(labels, -1) : labels,
    })),
    state: ({ confidence, predicted, labels }): Bins => {
      const found = Array.from(predicted.data, Number)
      const targets = Array.from(labels.data, Number)
      const rows = found.map((_, row) => row)
      const of = soft
        ? { predicted: found, labels: targets, positions: rows }
        : counted('calibrationError', found, targets, classes, kept)
      const state = { count: zeros(bins), confidence: zeros(bins), correct: zeros(bins) }
      for (const [at, row] of of.positions.entries()) {
        const sure = Number(confidence.data[row])
        const bin = Number.isNaN(sure) ? 0 : Math.min(Math.max(Math.ceil(sure * bins) - 1, 0), bins - 1)
        addAt(state.count, bin, 1)
        addAt(state.confidence, bin, sure)
        addAt(state.correct, bin, of.predicted[at] === of.labels[at] ? 1 : 0)
      }
      return state
    },
    merge: (a, b) => ({
      count: plus(a.count, b.count),
      confidence: plus(a.confidence, b.confidence),
      correct: plus(a.correct, b.correct),
    }),
    compute: ({ count, confidence, correct }) => {
      const apart = correct.reduce((sum, right, bin) => sum + Math.abs(right - (confidence[bin] ?? 0)), 0)
      return apart / count.reduce((sum, each) => sum + each, 0)
    },
    better: 'lower',
    format: formatPercent,
  })
}
