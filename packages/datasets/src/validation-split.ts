import { random } from '@ddnet/ops'
import type { Dataset } from './dataset.ts'
import { DatasetError } from './dataset-error.ts'
import { stratifiedSplit } from './stratified-split.ts'
import { subset } from './subset.ts'

/**
 * Training images as two parts: those to train on, and `fraction` of each class to choose by (checkpoints, settings, when
 * to stop). Whoever chooses by the test images, and CIFAR-10 and MNIST come with nothing else, reports a figure that is too
 * good. It is always the same part, whatever a run's seed is, so that runs can be compared and no run trains on what
 * another one is measured on; it comes in an order of its own, in which the first images are of all classes.
 *
 * @param fraction above 0 and below 1
 * @throws DatasetError for another fraction, one that leaves a part empty, or a dataset without labels
 * @example const { train, validation } = validationSplit((await cifar10()).train, 0.1) // 45,000 and 5,000
 */
export function validationSplit<T>(
  dataset: Dataset<T>,
  fraction: number,
): { readonly train: Dataset<T>; readonly validation: Dataset<T> } {
  if (!(fraction > 0 && fraction < 1)) {
    throw new DatasetError(`validationSplit: expected a fraction above 0 and below 1, got ${fraction}`)
  }
  const key = random.key(0).fold('validation')
  const [train, validation] = stratifiedSplit(dataset, { fractions: [1 - fraction, fraction], key })
  for (const [name, { length }] of Object.entries({ training: train, validation })) {
    if (length > 0) continue
    throw new DatasetError(
      `validationSplit: a fraction of ${fraction} leaves none of ${dataset.length} samples for ${name}. Give another fraction, or more samples.`,
    )
  }
  return { train, validation: inOwnOrder(validation) }
}

/** The same samples in a fixed order that knows nothing of their classes. */
export const inOwnOrder = <T>(dataset: Dataset<T>): Dataset<T> =>
  subset(dataset, [...random.permutation(random.key(0).fold('order'), dataset.length)])
