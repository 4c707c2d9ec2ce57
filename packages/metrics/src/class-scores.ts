import { argMax, type HostTensor, ShapeError, type Tensor } from '@ddnet/ops'
import { itemAt, lastItem } from '@ddnet/ops/checks'
import { type Measure, type StateMeasureOptions, stateMeasure } from './measure.ts'

export interface LabelOptions {
  /** Positions with this label count for nothing; that of `crossEntropy`, −100 by default. */
  readonly ignoreIndex?: number
}

/** The class that was predicted for each position that counts, and its true one. */
export interface Classes {
  readonly predicted: readonly number[]
  readonly labels: readonly number[]
  /** Where each is among all positions of the batch, in row-major order. */
  readonly positions: readonly number[]
}

/** Scores up to so many are read as they are, which is faster than to start a kernel for them. Of more, only the classes are. */
const largestRead = 2 ** 16

type Given<State, Value> = Omit<StateMeasureOptions<string, State, Value>, 'tensors' | 'state'> & {
  readonly count: (classes: Classes, of: number) => State
}

/**
 * A measure of predicted classes. A prediction is the position of the largest of a row's scores; the first of equal ones,
 * and NaN counts as the largest, as in `torch.argmax`.
 *
 * @throws ShapeError unless there is a label for each row of scores, or as many probabilities
 */
export function classMeasure<State, Value>(
  name: string,
  logits: Tensor,
  labels: Tensor,
  options: LabelOptions,
  { count, ...rest }: Given<State, Value>,
): Measure<Value> {
  const classes = expectRows(name, logits, labels)
  const whole = logits.size <= largestRead
  const soft = labels.rank === logits.rank
  return stateMeasure({
    ...rest,
    tensors: whole ? { logits, labels } : { logits: argMax(logits, -1), labels: soft ? argMax(labels, -1) : labels },
    state: ({ logits: scores, labels: targets }) => {
      const rows = (values: HostTensor) => Array.from(values.data, Number)
      const predicted = whole ? largestOfRows(scores) : rows(scores)
      const actual = soft && whole ? largestOfRows(targets) : rows(targets)
      const positions = () => actual.map((_, row) => row)
      const kept = soft
        ? { predicted, labels: actual, positions: positions() }
        : counted(name, predicted, actual, classes, options)
      return count(kept, classes)
    },
  })
}

/** @returns how many classes there are */
export function expectRows(name: string, logits: Tensor, labels: Tensor): number {
  const lead = logits.shape.slice(0, -1)
  const fits = [lead, logits.shape].some((shape) => shape.join() === labels.shape.join())
  if (logits.rank < 2 || !fits) {
    throw new ShapeError(
      `${name}: expected logits […, classes] and labels […] or […, classes], as [batch, classes] and [batch], got [${logits.shape}] and [${labels.shape}].`,
    )
  }
  return lastItem(logits.shape)
}

/** Those that are not ignored. @throws RangeError for a label that is not a class */
export function counted(
  name: string,
  predicted: readonly number[],
  labels: readonly number[],
  classes: number,
  { ignoreIndex = -100 }: LabelOptions,
): Classes {
  const kept = labels.flatMap((label, row) => (label === ignoreIndex ? [] : [row]))
  for (const row of kept) {
    const label = itemAt(labels, row)
    if (Number.isInteger(label) && label >= 0 && label < classes) continue
    throw new RangeError(
      `${name}: label ${label} is not in 0 … ${classes - 1}. Give ignoreIndex where it marks what does not count.`,
    )
  }
  return {
    predicted: kept.map((row) => itemAt(predicted, row)),
    labels: kept.map((row) => itemAt(labels, row)),
    positions: kept,
  }
}

export function largestOfRows({ shape, data }: HostTensor): number[] {
  const classes = shape.at(-1) ?? 0
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1)
  return Array.from({ length: rows }, (_, row) => {
    let best = 0
    let highest = Number(data[row * classes])
    for (let each = 1; each < classes && !Number.isNaN(highest); each++) {
      const score = Number(data[row * classes + each])
      if (score > highest || Number.isNaN(score)) {
        best = each
        highest = score
      }
    }
    return best
  })
}
