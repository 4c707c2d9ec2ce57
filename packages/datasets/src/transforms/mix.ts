import { type Key, random } from '@ddnet/ops'
import type { Dataset, GetOptions, Picture, Sample, SoftSample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { requireKey } from './require-key.ts'

export interface MixOptions {
  /** How many classes there are: labels become probabilities of so many. */
  readonly classes: number
  /** The share of the sample itself is drawn from Beta(alpha, alpha): 1 by default. */
  readonly alpha?: number
}

type Mixed = { readonly image: Picture['image'] /** the share of the sample itself */; readonly share: number }

/**
 * Samples that are each mixed with another one, drawn at random from the whole dataset. A sample's key decides the other
 * one and the mix: with key `k` it is sample `random.integer(k.fold(0), length)`, which gets the key `k.fold(1)`.
 */
export function mixSamples(
  name: string,
  dataset: Dataset<Sample | SoftSample>,
  { classes, alpha = 1 }: MixOptions,
  mix: (own: Picture, other: Picture, alpha: number, key: Key) => Mixed,
): Dataset<SoftSample> {
  if (!Number.isInteger(classes) || classes < 1) {
    throw new DatasetError(`${name}: expected classes to be a whole number from 1, got ${classes}`)
  }
  if (!(alpha > 0)) throw new DatasetError(`${name}: expected alpha to be above 0, got ${alpha}`)
  const { length, getSync } = dataset
  const keyOf = (options: GetOptions | undefined): Key => requireKey(name, options ?? {})
  const partner = (key: Key, signal?: AbortSignal): [index: number, options: GetOptions] => [
    random.integer(key.fold(0), length),
    { key: key.fold(1), signal },
  ]
  const combine = (own: Sample | SoftSample, other: Sample | SoftSample, key: Key): SoftSample => {
    if (own.shape.some((side, axis) => side !== other.shape[axis])) {
      throw new DatasetError(
        `${name}: expected images of one shape, got [${own.shape}] and [${other.shape}]. Bring them to one, for instance with resize([height, width]).`,
      )
    }
    const { image, share } = mix(own, other, alpha, key.fold(2))
    const others = probabilitiesOf(name, other, classes)
    const probabilities = probabilitiesOf(name, own, classes).map(
      (probability, index) => share * probability + (1 - share) * (others[index] as number),
    )
    return { image, shape: own.shape, probabilities }
  }
  const ownOptions = (key: Key, signal?: AbortSignal): GetOptions => ({ key: key.fold(3), signal })
  return {
    length,
    get: async (index, options) => {
      const key = keyOf(options)
      const [own, other] = await Promise.all([
        dataset.get(index, ownOptions(key, options?.signal)),
        dataset.get(...partner(key, options?.signal)),
      ])
      return combine(own, other, key)
    },
    ...(getSync && {
      getSync: (index, options) => {
        const key = keyOf(options)
        return combine(getSync.call(dataset, index, ownOptions(key)), getSync.call(dataset, ...partner(key)), key)
      },
    }),
  }
}

function probabilitiesOf(name: string, sample: Sample | SoftSample, classes: number): Float32Array {
  if ('probabilities' in sample) {
    if (sample.probabilities.length === classes) return sample.probabilities
    throw new DatasetError(`${name}: expected ${classes} probabilities, got ${sample.probabilities.length}`)
  }
  const { label } = sample
  if (!Number.isInteger(label) || label < 0 || label >= classes) {
    throw new DatasetError(`${name}: expected labels in 0 … ${classes - 1}, got ${label}. Give the number of classes.`)
  }
  const probabilities = new Float32Array(classes)
  probabilities[label] = 1
  return probabilities
}
