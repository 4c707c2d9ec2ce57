import { type SsimOptions, structuralSimilarity } from '@ddnet/losses'
import type { Tensor } from '@ddnet/ops'
import { average } from './errors.ts'
import type { Measure } from './measure.ts'

/**
 * The structural similarity of pictures, its mean over all of them; 1 for equal ones.
 *
 * @param predictions `[batch, height, width, channels]`, float32
 * @param targets the same shape
 * @param options of the range of values, 1 by default, and of the window: `structuralSimilarity` of `@ddnet/losses`
 * @throws ShapeError for other shapes, or pictures smaller than the window
 * @see Wang et al. 2004; skimage.metrics.structural_similarity
 */
export const ssim = (predictions: Tensor, targets: Tensor, options: SsimOptions = {}): Measure =>
  average(structuralSimilarity(predictions, targets, options), {
    better: 'higher',
    format: (value) => value.toFixed(4),
  })
