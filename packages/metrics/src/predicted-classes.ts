import { type HostTensor, ShapeError } from '@ddnet/ops'

/**
 * The position of the largest of each row's scores `[batch, classes]`; the first of equal ones, and NaN counts as the
 * largest, as in `torch.argmax`.
 */
export function predictedClasses(metric: string, predictions: HostTensor, targets: HostTensor): Uint32Array {
  const [batch = 0, classes = 0] = predictions.shape
  if (predictions.shape.length !== 2 || targets.shape.length !== 1 || targets.shape[0] !== batch) {
    throw new ShapeError(
      `${metric}: expected predictions [batch, classes] and targets [batch], got [${predictions.shape}] and [${targets.shape}].`,
    )
  }
  const { data } = predictions
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
