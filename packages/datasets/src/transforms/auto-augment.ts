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
  upToShare,
} from './augment-operations.ts'
import { sizeOfSample } from './change-fields.ts'
import { requireKey } from './require-key.ts'

/** The ranges that AutoAugment and RandAugment draw from. */
export const autoAugmentSpace: Readonly<Record<OperationName, Magnitudes>> = {
  identity: noMagnitude,
  shearX: upTo(0.3),
  shearY: upTo(0.3),
  translateX: upToShare('x', 150 / 331),
  translateY: upToShare('y', 150 / 331),
  rotate: upTo(30),
  brightness: upTo(0.9),
  color: upTo(0.9),
  contrast: upTo(0.9),
  sharpness: upTo(0.9),
  posterize: fewerBits(8, 4),
  solarize: fromWhite,
  autoContrast: noMagnitude,
  equalize: noMagnitude,
  invert: noMagnitude,
}

type Step = readonly [OperationName, probability: number, bin?: number]
type Pair = readonly [Step, Step]
const pair = (first: Step, second: Step): Pair => [first, second]

/** The data sets that AutoAugment's search was made on. */
export type AutoAugmentPolicy = 'imagenet' | 'cifar10' | 'svhn'

/** What was found for each data set: pairs of operations, each with its probability and, of ten, its magnitude. */
export const autoAugmentPolicies: Readonly<Record<AutoAugmentPolicy, readonly Pair[]>> = {
  imagenet: [
    pair(['posterize', 0.4, 8], ['rotate', 0.6, 9]),
    pair(['solarize', 0.6, 5], ['autoContrast', 0.6]),
    pair(['equalize', 0.8], ['equalize', 0.6]),
    pair(['posterize', 0.6, 7], ['posterize', 0.6, 6]),
    pair(['equalize', 0.4], ['solarize', 0.2, 4]),
    pair(['equalize', 0.4], ['rotate', 0.8, 8]),
    pair(['solarize', 0.6, 3], ['equalize', 0.6]),
    pair(['posterize', 0.8, 5], ['equalize', 1]),
    pair(['rotate', 0.2, 3], ['solarize', 0.6, 8]),
    pair(['equalize', 0.6], ['posterize', 0.4, 6]),
    pair(['rotate', 0.8, 8], ['color', 0.4, 0]),
    pair(['rotate', 0.4, 9], ['equalize', 0.6]),
    pair(['equalize', 0], ['equalize', 0.8]),
    pair(['invert', 0.6], ['equalize', 1]),
    pair(['color', 0.6, 4], ['contrast', 1, 8]),
    pair(['rotate', 0.8, 8], ['color', 1, 2]),
    pair(['color', 0.8, 8], ['solarize', 0.8, 7]),
    pair(['sharpness', 0.4, 7], ['invert', 0.6]),
    pair(['shearX', 0.6, 5], ['equalize', 1]),
    pair(['color', 0.4, 0], ['equalize', 0.6]),
    pair(['equalize', 0.4], ['solarize', 0.2, 4]),
    pair(['solarize', 0.6, 5], ['autoContrast', 0.6]),
    pair(['invert', 0.6], ['equalize', 1]),
    pair(['color', 0.6, 4], ['contrast', 1, 8]),
    pair(['equalize', 0.8], ['equalize', 0.6]),
  ],
  cifar10: [
    pair(['invert', 0.1], ['contrast', 0.2, 6]),
    pair(['rotate', 0.7, 2], ['translateX', 0.3, 9]),
    pair(['sharpness', 0.8, 1], ['sharpness', 0.9, 3]),
    pair(['shearY', 0.5, 8], ['translateY', 0.7, 9]),
    pair(['autoContrast', 0.5], ['equalize', 0.9]),
    pair(['shearY', 0.2, 7], ['posterize', 0.3, 7]),
    pair(['color', 0.4, 3], ['brightness', 0.6, 7]),
    pair(['sharpness', 0.3, 9], ['brightness', 0.7, 9]),
    pair(['equalize', 0.6], ['equalize', 0.5]),
    pair(['contrast', 0.6, 7], ['sharpness', 0.6, 5]),
    pair(['color', 0.7, 7], ['translateX', 0.5, 8]),
    pair(['equalize', 0.3], ['autoContrast', 0.4]),
    pair(['translateY', 0.4, 3], ['sharpness', 0.2, 6]),
    pair(['brightness', 0.9, 6], ['color', 0.2, 8]),
    pair(['solarize', 0.5, 2], ['invert', 0]),
    pair(['equalize', 0.2], ['autoContrast', 0.6]),
    pair(['equalize', 0.2], ['equalize', 0.6]),
    pair(['color', 0.9, 9], ['equalize', 0.6]),
    pair(['autoContrast', 0.8], ['solarize', 0.2, 8]),
    pair(['brightness', 0.1, 3], ['color', 0.7, 0]),
    pair(['solarize', 0.4, 5], ['autoContrast', 0.9]),
    pair(['translateY', 0.9, 9], ['translateY', 0.7, 9]),
    pair(['autoContrast', 0.9], ['solarize', 0.8, 3]),
    pair(['equalize', 0.8], ['invert', 0.1]),
    pair(['translateY', 0.7, 9], ['autoContrast', 0.9]),
  ],
  svhn: [
    pair(['shearX', 0.9, 4], ['invert', 0.2]),
    pair(['shearY', 0.9, 8], ['invert', 0.7]),
    pair(['equalize', 0.6], ['solarize', 0.6, 6]),
    pair(['invert', 0.9], ['equalize', 0.6]),
    pair(['equalize', 0.6], ['rotate', 0.9, 3]),
    pair(['shearX', 0.9, 4], ['autoContrast', 0.8]),
    pair(['shearY', 0.9, 8], ['invert', 0.4]),
    pair(['shearY', 0.9, 5], ['solarize', 0.2, 6]),
    pair(['invert', 0.9], ['autoContrast', 0.8]),
    pair(['equalize', 0.6], ['rotate', 0.9, 3]),
    pair(['shearX', 0.9, 4], ['solarize', 0.3, 3]),
    pair(['shearY', 0.8, 8], ['invert', 0.7]),
    pair(['equalize', 0.9], ['translateY', 0.6, 6]),
    pair(['invert', 0.9], ['equalize', 0.6]),
    pair(['contrast', 0.3, 3], ['rotate', 0.8, 4]),
    pair(['invert', 0.8], ['translateY', 0, 2]),
    pair(['shearY', 0.7, 6], ['solarize', 0.4, 8]),
    pair(['invert', 0.6], ['rotate', 0.8, 4]),
    pair(['shearY', 0.3, 7], ['translateX', 0.9, 3]),
    pair(['shearX', 0.1, 6], ['invert', 0.6]),
    pair(['solarize', 0.7, 2], ['translateY', 0.6, 7]),
    pair(['shearY', 0.8, 4], ['invert', 0.8]),
    pair(['shearX', 0.7, 9], ['translateY', 0.8, 3]),
    pair(['shearY', 0.8, 5], ['autoContrast', 0.7]),
    pair(['shearX', 0.7, 2], ['invert', 0.1]),
  ],
}

const policyBins = 10

export interface AutoAugmentOptions extends AffineSampling {
  /** For which data set it was found: `imagenet` by default, as in torchvision. */
  readonly policy?: AutoAugmentPolicy
}

/**
 * One of 25 pairs of operations, which a search found for a data set; each operation comes with its probability and its magnitude. Masks and
 * boxes move with the image.
 *
 * @throws DatasetError unless the image is grey or RGB, of bytes: put it before `normalize`
 * @see torchvision.transforms.v2.AutoAugment; Cubuk et al. 2018, "AutoAugment: Learning Augmentation Policies from Data"
 * @example map(train, randomHorizontalFlip(), autoAugment({ policy: 'cifar10' }), normalize({ mean, std }))
 */
export function autoAugment({ policy = 'imagenet', fill = null, ...rest }: AutoAugmentOptions = {}): ImageTransform {
  const pairs: readonly Pair[] | undefined = autoAugmentPolicies[policy]
  if (pairs === undefined) {
    throw new DatasetError(
      `autoAugment: expected policy to be one of ${Object.keys(autoAugmentPolicies).join(', ')}, got '${policy}'`,
    )
  }
  return (sample, options) => {
    const key = requireKey('autoAugment', options)
    const steps = itemAt(pairs, random.integer(key.fold(0), pairs.length))
    let augmented = expectBytesOfColors('autoAugment', sample)
    for (const [at, [name, probability, bin = 0]] of steps.entries()) {
      const own = key.fold(at + 1)
      if (itemAt(random.uniformValues(own.fold(0), 1), 0) >= probability) continue
      const size = sizeOfSample('autoAugment', augmented)
      const magnitude = autoAugmentSpace[name].at?.(bin, policyBins - 1, size) ?? 0
      const negative = autoAugmentSpace[name].signed && random.integer(own.fold(1), 2) === 0
      augmented = augmentOperations[name](augmented, negative ? -magnitude : magnitude, { ...rest, fill })
    }
    return augmented
  }
}

export interface RandAugmentOptions extends AffineSampling {
  /** How many operations, one after the other: 2 by default. */
  readonly operations?: number
  /** Of all of them, from 0 to `bins − 1`: 9 by default. */
  readonly magnitude?: number
  /** How many magnitudes there are: 31 by default. */
  readonly bins?: number
}

/** All but the negative, in torchvision's order. */
const randAugmentNames = Object.keys(augmentOperations).filter((name): name is OperationName => name !== 'invert')

/**
 * Some operations of 14, drawn at random, all with one magnitude. Masks and boxes move with the image.
 *
 * @throws DatasetError unless the image is grey or RGB, of bytes: put it before `normalize`
 * @see torchvision.transforms.v2.RandAugment; Cubuk et al. 2019, "RandAugment: Practical automated data augmentation"
 */
export function randAugment({
  operations = 2,
  magnitude: bin = 9,
  bins = 31,
  fill = null,
  ...rest
}: RandAugmentOptions = {}): ImageTransform {
  if (!Number.isInteger(operations) || operations < 1) {
    throw new DatasetError(`randAugment: expected operations to be a whole number from 1, got ${operations}`)
  }
  if (!Number.isInteger(bins) || bins < 2) {
    throw new DatasetError(`randAugment: expected bins to be a whole number from 2, got ${bins}`)
  }
  if (!Number.isInteger(bin) || bin < 0 || bin >= bins) {
    throw new DatasetError(`randAugment: expected magnitude to be a whole number from 0 to ${bins - 1}, got ${bin}`)
  }
  return (sample, options) => {
    const key = requireKey('randAugment', options)
    let augmented = expectBytesOfColors('randAugment', sample)
    for (let at = 0; at < operations; at++) {
      const own = key.fold(at)
      const name = itemAt(randAugmentNames, random.integer(own.fold(0), randAugmentNames.length))
      const magnitude = autoAugmentSpace[name].at?.(bin, bins - 1, sizeOfSample('randAugment', augmented)) ?? 0
      const negative = autoAugmentSpace[name].signed && random.integer(own.fold(1), 2) === 0
      augmented = augmentOperations[name](augmented, negative ? -magnitude : magnitude, { ...rest, fill })
    }
    return augmented
  }
}
