import type { Scalar, Tensor, WeightedMean } from '@ddnet/ops'

/**
 * What a loss says of one batch. What a step or an evaluation makes of several batches is what one batch of them all gives:
 *
 * - a mean with its weight, what it was divided by (samples, pixels, class weights): `Σ weight · mean / Σ weight`. A batch of
 *   weight 0, as where all labels are ignored, counts for nothing, whatever its mean
 * - a sum: `Σ sum`
 * - a scalar alone: a mean over the batch's samples
 */
export type LossValue = Scalar | WeightedMean | { readonly sum: Scalar }

/** What a model is trained to make small. */
export type Loss = (predictions: Tensor, targets: Tensor) => LossValue
