import type { Dataset, Picture, Sample, SoftSample } from '../dataset.ts'
import { beta } from './beta.ts'
import { type MixOptions, mixSamples } from './mix.ts'
import { toFloat } from './to-float.ts'

/**
 * Blends each image with another one, and their labels with the same shares: `λ · own + (1 − λ) · other`, λ from
 * Beta(alpha, alpha). Images become floats. The labels of a batch are probabilities `[batch, classes]`, which
 * `crossEntropy` takes. Two samples are read for one.
 *
 * @see torchvision.transforms.v2.MixUp; Zhang et al. 2017, "mixup: Beyond Empirical Risk Minimization"
 * @example loader(mixUp(map(train, randomHorizontalFlip(), scale), { classes: 10, alpha: 0.2 }), { batchSize: 64, key })
 */
export const mixUp = (dataset: Dataset<Sample | SoftSample>, options: MixOptions): Dataset<SoftSample> =>
  mixSamples('mixUp', dataset, options, (own, other, alpha, key) => {
    const share = beta(key, alpha)
    return { image: blend(own, other, share), share }
  })

export function blend(own: Picture, other: Picture, share: number): Float32Array {
  const others = toFloat(other.image)
  return toFloat(own.image).map((value, at) => share * value + (1 - share) * (others[at] as number))
}
