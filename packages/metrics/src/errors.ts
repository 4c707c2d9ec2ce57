import { abs, clamp, div, log, mean, mul, ShapeError, square, sub, sum, type Tensor } from '@ddnet/ops'
import { type Direction, type Measure, stateMeasure } from './measure.ts'
import { weightedMean } from './weighted-mean.ts'

/**
 * The mean of all values of a tensor, over all batches.
 * @param values any shape, float32
 */
export const average = (
  values: Tensor,
  { better, format }: { readonly better?: Direction; readonly format?: (value: number) => string } = {},
): Measure =>
  stateMeasure({
    tensors: { total: sum(values) },
    state: ({ total }) => ({ sum: Number(total.data[0]), weight: values.size }),
    merge: weightedMean.merge,
    compute: weightedMean.compute,
    ...(better && { better }),
    ...(format && { format }),
  })

/**
 * `mean((predictions − targets)²)` over all elements.
 * @throws ShapeError for tensors of different shapes
 */
export const meanSquaredError = (predictions: Tensor, targets: Tensor): Measure =>
  average(square(difference('meanSquaredError', predictions, targets)), { better: 'lower' })

/**
 * `mean(|predictions − targets|)` over all elements.
 * @throws ShapeError for tensors of different shapes
 */
export const meanAbsoluteError = (predictions: Tensor, targets: Tensor): Measure =>
  average(abs(difference('meanAbsoluteError', predictions, targets)), { better: 'lower' })

/**
 * The peak signal-to-noise ratio in decibels, `10 · log₁₀(range² / mean squared error)` of each sample, then the mean over
 * samples. One without any error counts as with an error of 1e-10 · range²: 100 dB.
 *
 * @param predictions `[batch, …]`
 * @param options.range the distance between the least and the largest value that there may be: 1 for 0 … 1, 2 for −1 … 1
 * @throws ShapeError for tensors of different shapes, or without an axis of samples
 */
export function psnr(predictions: Tensor, targets: Tensor, { range = 1 }: { readonly range?: number } = {}): Measure {
  const squares = square(difference('psnr', predictions, targets))
  const inner = squares.shape.map((_, axis) => axis).slice(1)
  if (squares.rank === 0) throw new ShapeError('psnr: expected [batch, …], got scalars.')
  const errors = inner.length === 0 ? squares : mean(squares, inner) // [batch]
  const relative = clamp(div(errors, range ** 2), { min: 1e-10 })
  return average(mul(log(relative), -10 / Math.LN10), { better: 'higher', format: (value) => `${value.toFixed(2)} dB` })
}

function difference(name: string, predictions: Tensor, targets: Tensor): Tensor {
  if (predictions.shape.join() === targets.shape.join()) return sub(predictions, targets)
  throw new ShapeError(
    `${name}: expected targets of the predictions' shape [${predictions.shape}], got [${targets.shape}]. Reshape one of them.`,
  )
}
