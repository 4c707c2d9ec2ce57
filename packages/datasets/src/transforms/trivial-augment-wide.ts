import { random } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import type { ImageTransform } from '../map.ts'
import type { AffineSampling } from './affine.ts'
import {
  augmentOperations,
  expectBytesOfColors,
  fewerBits,
  fromWhite,
  type Magnitudes,
  noMagnitude,
  type OperationName,
  upTo,
} from './augment-operations.ts'
import { sizeOfSample } from './change-fields.ts'
import { requireKey } from './require-key.ts'

/** The operations of TrivialAugment, with their wide ranges. */
export const trivialAugmentSpace: readonly (readonly [OperationName, Magnitudes])[] = [
  ['identity', noMagnitude],
  ['shearX', upTo(0.99)],
  ['shearY', upTo(0.99)],
  ['translateX', upTo(32)],
  ['translateY', upTo(32)],
  ['rotate', upTo(135)],
  ['brightness', upTo(0.99)],
  ['color', upTo(0.99)],
  ['contrast', upTo(0.99)],
  ['sharpness', upTo(0.99)],
  ['posterize', fewerBits(8, 6)],
  ['solarize', fromWhite],
  ['autoContrast', noMagnitude],
  ['equalize', noMagnitude],
]

export interface TrivialAugmentWideOptions extends AffineSampling {
  /** How many magnitudes there are, from 0 to the largest: 31 by default. */
  readonly bins?: number
}

/**
 * One operation of 14, drawn at random, with a random magnitude: shears, shifts, a rotation, colours and tones. It needs no
 * tuning. Masks and boxes move with the image.
 *
 * @throws DatasetError unless the image is grey or RGB, of bytes: put it before `normalize`
 * @see torchvision.transforms.v2.TrivialAugmentWide; Müller and Hutter 2021, "TrivialAugment"
 */
export function trivialAugmentWide({
  bins = 31,
  fill = null,
  ...rest
}: TrivialAugmentWideOptions = {}): ImageTransform {
  if (!Number.isInteger(bins) || bins < 2) {
    throw new DatasetError(`trivialAugmentWide: expected bins to be a whole number from 2, got ${bins}`)
  }
  return (sample, options) => {
    const key = requireKey('trivialAugmentWide', options)
    const checked = expectBytesOfColors('trivialAugmentWide', sample)
    const [name, { at, signed }] = itemAt(trivialAugmentSpace, random.integer(key.fold(0), trivialAugmentSpace.length))
    const magnitude =
      at?.(random.integer(key.fold(1), bins), bins - 1, sizeOfSample('trivialAugmentWide', checked)) ?? 0
    const negative = signed && random.integer(key.fold(2), 2) === 0
    return augmentOperations[name](checked, negative ? -magnitude : magnitude, { ...rest, fill })
  }
}
