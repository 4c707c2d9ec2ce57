import { type Key, random } from '@ddnet/ops'
import type { Dataset, GetOptions } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import {
  type ImageField,
  isBoxes,
  isImage,
  isMask,
  isProbabilities,
  type MaskField,
  type ProbabilitiesField,
} from '../fields.ts'
import { sizeOfSample } from './change-fields.ts'
import { requireKey } from './require-key.ts'

/** How many classes there are: of all labels of a sample, or of each by its name; those that are not named stay. */
export type Classes = number | Readonly<Record<string, number>>

export interface MixOptions<C extends Classes = Classes> {
  /** Labels become probabilities of so many. */
  readonly classes: C
  /** The share of the sample itself is drawn from Beta(alpha, alpha): 1 by default. */
  readonly alpha?: number
}

/** Samples whose labels have become probabilities. */
export type Mixed<S, C extends Classes> = {
  readonly [Name in keyof S]: S[Name] extends number
    ? C extends number
      ? ProbabilitiesField
      : Name extends keyof C
        ? ProbabilitiesField
        : S[Name]
    : S[Name] extends ImageField
      ? ImageField
      : S[Name]
}

/** How two samples are mixed: what becomes of a pair of images, and the share of the sample itself in its labels. */
export interface Mix {
  readonly share: number
  images(own: ImageField, other: ImageField): ImageField['data']
  /** What becomes of a pair of masks, where each pixel is of one of them. */
  masks?(own: MaskField, other: MaskField): MaskField['data']
}

/**
 * Samples that are each mixed with another one, drawn at random from the whole dataset. A sample's key decides the other
 * one and the mix: with key `k` it is sample `random.integer(k.fold(0), length)`, which gets the key `k.fold(1)`.
 */
export function mixSamples<S extends object, const C extends Classes>(
  name: string,
  dataset: Dataset<S>,
  { classes, alpha = 1 }: MixOptions<C>,
  draw: (size: readonly [height: number, width: number], alpha: number, key: Key) => Mix,
): Dataset<Mixed<S, C>> {
  for (const count of typeof classes === 'number' ? [classes] : Object.values(classes)) {
    if (Number.isInteger(count) && count >= 1) continue
    throw new DatasetError(`${name}: expected classes to be a whole number from 1, got ${count}`)
  }
  if (!(alpha > 0)) throw new DatasetError(`${name}: expected alpha to be above 0, got ${alpha}`)
  const { length, getSync } = dataset
  const keyOf = (options: GetOptions | undefined): Key => requireKey(name, options ?? {})
  const partner = (key: Key, signal?: AbortSignal): [index: number, options: GetOptions] => [
    random.integer(key.fold(0), length),
    { key: key.fold(1), signal },
  ]
  const combine = (own: S, other: S, key: Key): Mixed<S, C> => {
    const { share, images, masks } = draw(sizeOfSample(name, own), alpha, key.fold(2))
    const others = new Map<string, unknown>(Object.entries(other))
    const mixed = Object.entries(own).map(([field, value]) => {
      const theirs = others.get(field)
      if (isMask(value) && masks) return [field, { ...value, data: masks(value, sameMask(name, field, value, theirs)) }]
      if (isMask(value) || isBoxes(value)) {
        throw new DatasetError(
          `${name}: ${field} cannot be mixed. Leave it out first: map(dataset, ({ image, label }) => ({ image, label })).`,
        )
      }
      if (isImage(value)) return [field, { ...value, data: images(...sameShape(name, field, value, theirs)) }]
      const count = typeof classes === 'number' ? classes : classes[field]
      if (count === undefined || !(typeof value === 'number' || isProbabilities(value))) return [field, value]
      const theirShares = probabilitiesOf(name, theirs, count)
      const data = probabilitiesOf(name, value, count).map(
        (probability, index) => share * probability + (1 - share) * (theirShares[index] as number),
      )
      return [field, { kind: 'probabilities', data } satisfies ProbabilitiesField]
    })
    return Object.fromEntries(mixed) as Mixed<S, C> // the same names, and of each the kind that the type says
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

function sameMask(name: string, field: string, own: MaskField, other: unknown): MaskField {
  if (isMask(other) && own.shape.every((side, axis) => side === other.shape[axis])) return other
  throw new DatasetError(
    `${name}: expected masks of one shape, got ${field} of [${own.shape}] and ${isMask(other) ? `[${other.shape}]` : 'none'}. Bring them to one, for instance with resize([height, width]).`,
  )
}

function sameShape(name: string, field: string, own: ImageField, other: unknown): [ImageField, ImageField] {
  if (isImage(other) && own.shape.every((side, axis) => side === other.shape[axis])) return [own, other]
  throw new DatasetError(
    `${name}: expected images of one shape, got ${field} of [${own.shape}] and ${isImage(other) ? `[${other.shape}]` : 'none'}. ` +
      'Bring them to one, for instance with resize([height, width]).',
  )
}

function probabilitiesOf(name: string, label: unknown, classes: number): Float32Array {
  if (isProbabilities(label)) {
    if (label.data.length === classes) return label.data
    throw new DatasetError(`${name}: expected ${classes} probabilities, got ${label.data.length}`)
  }
  if (typeof label !== 'number' || !Number.isInteger(label) || label < 0 || label >= classes) {
    throw new DatasetError(`${name}: expected labels in 0 … ${classes - 1}, got ${label}. Give the number of classes.`)
  }
  const probabilities = new Float32Array(classes)
  probabilities[label] = 1
  return probabilities
}
