import type { Tensor } from '@tensorflow/tfjs-core'
import { expectList, expectOperand, expectOptions } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { type AffineOptions, affineOptions, expectAffine, normalise } from './affine.ts'

export interface LayerNormOptions extends AffineOptions {
  /** The last axes of `x`, over which it is normalised: their sizes, or the size of the last one. */
  normalizedShape: number | readonly number[]
}

/**
 * Layer normalisation over the last axes: `y = activation((x − mean) / √(var + eps) · weight + bias)`, with the mean
 * and the biased variance of each item of the axes before them.
 *
 * @param x `[…, …normalizedShape]`, float32
 * @param options `weight` and `bias` are of the shape `normalizedShape`
 * @throws ShapeError if `x` does not end with `normalizedShape`, or a shape, dtype or eps does not fit
 * @see torch.nn.functional.layer_norm; Ba et al. 2016, "Layer normalization"
 * @example layerNorm(tokens, { normalizedShape: 64, weight, bias }) // [batch, length, 64]
 */
export function layerNorm<T extends Tensor>(x: T, given: LayerNormOptions): T {
  expectOperand('layerNorm', 'x', x)
  expectOptions('layerNorm', given, { ...affineOptions, normalizedShape: true }, '{ normalizedShape: 64 }')
  const { normalizedShape, ...options } = given
  if (typeof normalizedShape !== 'number') expectList('layerNorm', 'normalizedShape', normalizedShape)
  const shape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape]
  const lead = x.rank - shape.length
  if (shape.length === 0 || lead < 0 || shape.some((size, axis) => size !== x.shape[lead + axis])) {
    throw new ShapeError(
      `layerNorm: expected x to end with the axes of normalizedShape [${shape}], got [${x.shape}]. Give the sizes of its last axes.`,
    )
  }
  const { weight, bias } = options
  expectAffine('layerNorm', x, { weight, bias }, shape, options)
  const size = shape.reduce((product, each) => product * each, 1)
  return normalise(x, [x.size / Math.max(1, size), 1, size], 1, options)
}
