import {
  add,
  concat,
  depthwiseConv2d,
  div,
  mean,
  mul,
  type Reduction,
  ShapeError,
  slice,
  square,
  sub,
  type Tensor,
  tensor,
  tidy,
} from '@ddnet/ops'
import { expectAlike, expectNames, expectPositive } from './checks.ts'
import { type Reductions, reduce } from './reduce.ts'

export interface SsimOptions {
  /** The distance between the least and the largest value that there may be: 1 by default, for 0 … 1; 2 for −1 … 1. */
  readonly range?: number
  /** The window's height and width, an odd number of pixels: 11 by default. */
  readonly windowSize?: number
  /** The standard deviation of the window, a Gaussian, in pixels: 1.5 by default. */
  readonly sigma?: number
}

/**
 * Structural similarity of pictures, the mean over their channels and all windows that lie within them of
 * `(2 μₐ μ_b + c₁)(2 σ_ab + c₂) / ((μₐ² + μ_b² + c₁)(σₐ² + σ_b² + c₂))`, with means, variances and covariance under a Gaussian window,
 * `c₁ = (0.01 · range)²` and `c₂ = (0.03 · range)²`. 1 for equal pictures, and at least −1.
 *
 * @param a `[batch, height, width, channels]`, float32
 * @param b the same shape
 * @returns `[batch]`
 * @throws ShapeError for other shapes, or pictures smaller than the window; RangeError for a range or sigma that is not above 0, or
 * a window of an even size
 * @see Wang et al. 2004, "Image quality assessment"; skimage.metrics.structural_similarity with gaussian_weights
 */
export function structuralSimilarity(a: Tensor, b: Tensor, options: SsimOptions = {}): Tensor {
  expectNames('structuralSimilarity', options, ['range', 'windowSize', 'sigma'])
  return similarity('structuralSimilarity', a, b, options)
}

/** By the name that its errors give it. */
function similarity(
  name: string,
  a: Tensor,
  b: Tensor,
  { range = 1, windowSize = 11, sigma = 1.5 }: SsimOptions,
): Tensor {
  expectPositive(name, 'range', range)
  expectPositive(name, 'sigma', sigma)
  if (!(Number.isInteger(windowSize) && windowSize >= 1 && windowSize % 2 === 1)) {
    throw new RangeError(`${name}: expected windowSize to be an odd number of pixels, got ${windowSize}.`)
  }
  expectAlike(name, { pictures: a, targets: b })
  const [, height = 0, width = 0, channels = 0] = a.shape
  if (a.rank !== 4) throw new ShapeError(`${name}: expected [batch, height, width, channels], got [${a.shape}].`)
  if (Math.min(height, width) < windowSize) {
    throw new ShapeError(
      `${name}: expected pictures of at least ${windowSize} × ${windowSize} pixels, the window's, got ${height} × ${width}. Give a smaller windowSize.`,
    )
  }
  return tidy(() => {
    const maps = concat([a, b, square(a), square(b), mul(a, b)], -1)
    const weights = gaussian(windowSize, sigma).flatMap((weight) => new Array<number>(5 * channels).fill(weight))
    // A Gaussian of two axes is one of each, one after the other.
    const tall = depthwiseConv2d(maps, tensor(weights, [windowSize, 1, 5 * channels, 1]))
    const means = depthwiseConv2d(tall, tensor(weights, [1, windowSize, 5 * channels, 1]))
    const [batch, rows, columns] = means.shape
    const part = (at: number): Tensor => slice(means, [0, 0, 0, at * channels], [batch, rows, columns, channels])
    const [meanA, meanB] = [part(0), part(1)]
    const both = mul(meanA, meanB)
    const squares = add(square(meanA), square(meanB))
    const [c1, c2] = [(0.01 * range) ** 2, (0.03 * range) ** 2]
    const luminance = div(add(mul(2, both), c1), add(squares, c1))
    const covariance = sub(part(4), both)
    const variances = sub(add(part(2), part(3)), squares)
    const structure = div(add(mul(2, covariance), c2), add(variances, c2))
    return mean(mul(luminance, structure), [1, 2, 3])
  })
}

/** A window of the sum 1. */
function gaussian(size: number, sigma: number): number[] {
  const weights = Array.from({ length: size }, (_, at) => Math.exp(-((at - (size - 1) / 2) ** 2) / (2 * sigma ** 2)))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

export interface SsimLossOptions<R extends Reduction = Reduction> extends SsimOptions {
  readonly reduction?: R
}

/**
 * One minus the structural similarity of each picture. Their mean, whose weight is their count; or their sum, or each.
 *
 * @param predictions `[batch, height, width, channels]`, float32
 * @param targets the same shape
 * @returns with reduction 'none' `[batch]`
 * @throws what `structuralSimilarity` throws
 * @see Zhao et al. 2017, "Loss functions for image restoration with neural networks"
 * @example { loss: { pixels: l1(picture, image), structure: weighted(ssimLoss(picture, image), 0.2) } }
 */
export function ssimLoss<R extends Reduction = 'mean'>(
  predictions: Tensor,
  targets: Tensor,
  options?: SsimLossOptions<R>,
): Reductions[R]
export function ssimLoss(predictions: Tensor, targets: Tensor, options: SsimLossOptions = {}): Reductions[Reduction] {
  expectNames('ssimLoss', options, ['reduction', 'range', 'windowSize', 'sigma'])
  const { reduction = 'mean', ...window } = options
  return reduce('ssimLoss', reduction, () => sub(1, similarity('ssimLoss', predictions, targets, window)))
}
