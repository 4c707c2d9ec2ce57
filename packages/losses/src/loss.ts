import type { Scalar, WeightedMean } from '@ddnet/ops'

/** A sum over the samples of a batch: those of several batches are added. */
export interface Summed {
  readonly sum: Scalar
}

/**
 * What is to become small, of one batch. What a step or an evaluation makes of several batches is what one batch of them all
 * gives:
 *
 * - a mean with its weight, what it was divided by (samples, pixels, class weights): `Σ weight · mean / Σ weight`. A batch of
 *   weight 0, as where all labels are ignored, counts for nothing, whatever its mean
 * - a sum: `Σ sum`
 * - a scalar alone: a mean over the batch's samples
 */
export type Loss = Scalar | WeightedMean | Summed
