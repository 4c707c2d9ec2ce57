import { type HostTensor, ShapeError } from '@ddnet/ops'

/** The class that was predicted for each sample, and its true one. */
export interface Classes {
  readonly predicted: Uint32Array
  readonly labels: ArrayLike<number>
}

/**
 * The position of the largest of each row's scores `[batch, classes]`; the first of equal ones, and NaN counts as the
 * largest, as in `torch.argmax`. Targets are labels `[batch]`, or probabilities `[batch, classes]` as mixup makes them, of
 * which the most probable class is taken.
 */
export function classesOf(metric: string, predictions: HostTensor, targets: HostTensor): Classes {
  const [batch] = predictions.shape
  const soft = targets.shape.length === 2 && targets.shape.join() === predictions.shape.join()
  if (predictions.shape.length !== 2 || !(soft || (targets.shape.length === 1 && targets.shape[0] === batch))) {
    throw new ShapeError(
      `${metric}: expected predictions [batch, classes] and targets [batch] or [batch, classes], got [${predictions.shape}] and [${targets.shape}].`,
    )
  }
  return {
    predicted: largestOfRows(predictions),
    labels: soft
      ? largestOfRows(targets)
      : Int32Array.from({ length: targets.data.length }, (_, row) => Number(targets.data[row])),
  }
}

function largestOfRows({ shape: [batch = 0, classes = 0], data }: HostTensor): Uint32Array {
  return Uint32Array.from({ length: batch }, (_, row) => {
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
