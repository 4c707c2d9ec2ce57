import { type HostTensor, ShapeError, type Tensor } from '@ddnet/ops'
import { type Measure, stateMeasure } from './measure.ts'
import { traceOfRoot } from './symmetric.ts'

/** How features lie: their number, mean, and the lower triangle, row by row, of the sum of `(x − mean)(x − mean)ᵀ`. */
interface Moments {
  readonly count: number
  readonly mean: readonly number[]
  readonly scatter: readonly (readonly number[])[]
}

interface Both {
  readonly real: Moments
  readonly generated: Moments
}

/**
 * The Fréchet distance between the features of real and of generated samples, each taken as a Gaussian of its mean and
 * covariance: `‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 √(Σ₁ Σ₂))`. Of the last pooling of Inception it is the FID, of any other network a distance
 * that compares only with itself. NaN with fewer than two samples on a side.
 *
 * Means and covariances, divided by `n − 1`, are kept in float64: a state has features² numbers, and the distance takes some
 * 4 · features³ operations where it is computed. Rounding leaves equal samples a distance of some 1e-8 of the covariances' trace.
 *
 * @param real `[batch, features]`, float32
 * @param generated `[batch, features]`; their numbers may differ
 * @throws ShapeError for other shapes
 * @see Heusel et al. 2017, "GANs trained by a two time-scale update rule"
 * @example { metrics: { distance: frechetDistance(features.forward(image), features.forward(generated)) } }
 */
export function frechetDistance(real: Tensor, generated: Tensor): Measure {
  const fits = real.rank === 2 && generated.rank === 2 && real.shape[1] === generated.shape[1]
  if (!fits) {
    throw new ShapeError(
      `frechetDistance: expected real and generated features [batch, features], got [${real.shape}] and [${generated.shape}].`,
    )
  }
  return stateMeasure({
    tensors: { real, generated },
    state: (values): Both => ({ real: momentsOf(values.real), generated: momentsOf(values.generated) }),
    merge: (a, b) => ({
      real: mergeMoments(a.real, b.real),
      generated: mergeMoments(a.generated, b.generated),
    }),
    compute: distance,
    better: 'lower',
    format: (value) => value.toFixed(2),
  })
}

function momentsOf({ shape: [count = 0, features = 0], data }: HostTensor): Moments {
  const rows = Array.from({ length: count }, (_, row) =>
    Float64Array.from(data.subarray(row * features, (row + 1) * features), Number),
  )
  const mean = new Float64Array(features)
  for (const row of rows) for (const [at, value] of row.entries()) mean[at] = (mean[at] ?? 0) + value / count
  const scatter = Array.from(mean, (_, at) => new Float64Array(at + 1))
  for (const row of rows) {
    for (const [at, value] of row.entries()) row[at] = value - (mean[at] ?? 0)
    for (const [at, line] of scatter.entries()) {
      const value = row[at] ?? 0
      for (let other = 0; other <= at; other++) line[other] = (line[other] ?? 0) + value * (row[other] ?? 0)
    }
  }
  return { count, mean: Array.from(mean), scatter: scatter.map((line) => Array.from(line)) }
}

/** @see Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance" */
function mergeMoments(a: Moments, b: Moments): Moments {
  const count = a.count + b.count
  if (a.count === 0 || b.count === 0) return a.count === 0 ? b : a
  const apart = b.mean.map((value, at) => value - (a.mean[at] ?? 0))
  const share = (a.count * b.count) / count
  return {
    count,
    mean: a.mean.map((value, at) => value + ((apart[at] ?? 0) * b.count) / count),
    scatter: a.scatter.map((row, at) =>
      row.map((value, other) => value + (b.scatter[at]?.[other] ?? 0) + share * (apart[at] ?? 0) * (apart[other] ?? 0)),
    ),
  }
}

function distance({ real, generated }: Both): number {
  if (real.count < 2 || generated.count < 2) return Number.NaN
  const means = real.mean.reduce((sum, value, at) => sum + (value - (generated.mean[at] ?? 0)) ** 2, 0)
  const [a, b] = [covarianceOf(real), covarianceOf(generated)]
  const spread = traceOf(a) + traceOf(b)
  // Of features that are not finite there are no eigenvalues to be looked for.
  return Number.isFinite(means + spread) ? means + spread - 2 * traceOfRoot(a, b) : Number.NaN
}

const covarianceOf = ({ count, scatter }: Moments): Float64Array[] =>
  scatter.map((row, at) =>
    Float64Array.from(scatter, (other, place) => ((place <= at ? row[place] : other[at]) ?? 0) / (count - 1)),
  )

const traceOf = (rows: readonly Float64Array[]): number => rows.reduce((sum, row, at) => sum + (row[at] ?? 0), 0)
