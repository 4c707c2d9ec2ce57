import { type HostTensor, ShapeError } from '@ddnet/ops'

export interface LabelOptions {
  /** Positions with this label count for nothing; that of `crossEntropy`, −100 by default. */
  readonly ignoreIndex?: number
}

/** The class that was predicted for each position that counts, and its true one. */
export interface Classes {
  readonly predicted: readonly number[]
  readonly labels: readonly number[]
}

/**
 * The position of the largest of each row's scores `[…, classes]`; the first of equal ones, and NaN counts as the
 * largest, as in `torch.argmax`. Targets are labels `[…]`, or probabilities `[…, classes]` as mixup makes them, of
 * which the most probable class is taken.
 *
 * @throws RangeError for a label that is no class
 */
export function classesOf(
  metric: string,
  predictions: HostTensor,
  targets: HostTensor,
  { ignoreIndex = -100 }: LabelOptions,
): Classes {
  const lead = predictions.shape.slice(0, -1)
  const soft = targets.shape.join() === predictions.shape.join()
  if (predictions.shape.length < 2 || !(soft || targets.shape.join() === lead.join())) {
    throw new ShapeError(
      `${metric}: expected predictions […, classes] and targets […] or […, classes], as [batch, classes] and [batch], got [${predictions.shape}] and [${targets.shape}].`,
    )
  }
  const all = largestOfRows(predictions)
  if (soft) return { predicted: [...all], labels: [...largestOfRows(targets)] }
  const classes = predictions.shape.at(-1) as number
  const predicted: number[] = []
  const labels: number[] = []
  for (const [row, prediction] of all.entries()) {
    const label = Number(targets.data[row])
    if (label === ignoreIndex) continue
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(
        `${metric}: label ${label} is not in 0 … ${classes - 1}. Give ignoreIndex where it marks what does not count.`,
      )
    }
    predicted.push(prediction)
    labels.push(label)
  }
  return { predicted, labels }
}

function largestOfRows({ shape, data }: HostTensor): Uint32Array {
  const classes = shape.at(-1) ?? 0
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1)
  return Uint32Array.from({ length: rows }, (_, row) => {
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
