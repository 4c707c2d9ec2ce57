import type { Dataset } from '../dataset.ts'
import type { ImageField } from '../fields.ts'
import { beta } from './beta.ts'
import { type Classes, type Mixed, type MixOptions, mixSamples } from './mix.ts'
import { toFloat } from './to-float.ts'

/**
 * Blends each image with another one, and their labels with the same shares: `λ · own + (1 − λ) · other`, λ from
 * Beta(alpha, alpha). Images become floats; labels, which are the fields that are numbers, become probabilities
 * `[batch, classes]`, which `crossEntropy` takes. Other fields stay those of the sample itself. Two samples are read for one.
 *
 * @throws DatasetError for samples with a mask or boxes, which cannot be mixed
 * @see torchvision.transforms.v2.MixUp; Zhang et al. 2017, "mixup: Beyond Empirical Risk Minimization"
 * @example loader(mixUp(map(train, randomHorizontalFlip(), scale), { classes: 10, alpha: 0.2 }), { batchSize: 64, key })
 */
export const mixUp = <S extends object, const C extends Classes>(
  dataset: Dataset<S>,
  options: MixOptions<C>,
): Dataset<Mixed<S, C>> =>
  mixSamples('mixUp', dataset, options, (_, alpha, key) => {
    const share = beta(key, alpha)
    return { share, images: (own, other) => blend(own, other, share) }
  })

export function blend(own: ImageField, other: ImageField, share: number): Float32Array {
  const others = toFloat(other.data)
  return toFloat(own.data).map((value, at) => share * value + (1 - share) * (others[at] as number))
}
