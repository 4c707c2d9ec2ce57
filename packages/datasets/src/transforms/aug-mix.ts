import { type Key, random } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { type ImageField, isBoxes, isImage, isMask } from '../fields.ts'
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
import { beta, logGamma } from './beta.ts'
import { changeImages, sizeOfSample } from './change-fields.ts'
import { requireKey } from './require-key.ts'

/** Severities are of ten. */
const bins = 10

/** The operations of AugMix; the last four are those that change colours as corruptions of test images do. */
export const augMixSpace: readonly (readonly [OperationName, Magnitudes])[] = [
  ['shearX', upTo(0.3)],
  ['shearY', upTo(0.3)],
  ['translateX', upToShare('x', 1 / 3)],
  ['translateY', upToShare('y', 1 / 3)],
  ['rotate', upTo(30)],
  ['posterize', fewerBits(4, 4)],
  ['solarize', fromWhite],
  ['autoContrast', noMagnitude],
  ['equalize', noMagnitude],
  ['brightness', upTo(0.9)],
  ['color', upTo(0.9)],
  ['contrast', upTo(0.9)],
  ['sharpness', upTo(0.9)],
]
const corrupting = 4

export interface AugMixOptions extends AffineSampling {
  /** The largest magnitude, from 1 to 10: 3 by default. */
  readonly severity?: number
  /** How many chains are mixed: 3 by default. */
  readonly width?: number
  /** How many operations a chain has; by default 1 to 3, drawn for each. */
  readonly depth?: number
  /** Of the distributions of the shares: 1 by default, which is even. */
  readonly alpha?: number
  /** Whether brightness, colour, contrast and sharpness are among the operations: true by default, as in torchvision. */
  readonly allOperations?: boolean
}

/** One operation of a chain, with its magnitude. */
export type ChainStep = readonly [OperationName, magnitude: number]

/**
 * A mixture of the image and of some chains of operations on it: `m · image + (1 − m) · Σ wᵢ chainᵢ(image)`, m of Beta(α, α) and the
 * shares w of Dirichlet(α). It makes a classifier robust to images that are worse than those it learned from.
 *
 * @throws DatasetError unless the image is grey or RGB, of bytes: put it before `normalize`; for a mask or boxes, which have no mixture
 * @see torchvision.transforms.v2.AugMix; Hendrycks et al. 2019, "AugMix: A Simple Data Processing Method to Improve Robustness and Uncertainty"
 */
export function augMix({
  severity = 3,
  width = 3,
  depth,
  alpha = 1,
  allOperations = true,
  interpolation = 'bilinear',
  fill = null,
}: AugMixOptions = {}): ImageTransform {
  if (!Number.isInteger(severity) || severity < 1 || severity > bins) {
    throw new DatasetError(`augMix: expected severity to be a whole number from 1 to ${bins}, got ${severity}`)
  }
  if (!Number.isInteger(width) || width < 1) {
    throw new DatasetError(`augMix: expected width to be a whole number from 1, got ${width}`)
  }
  if (depth !== undefined && (!Number.isInteger(depth) || depth < 1)) {
    throw new DatasetError(`augMix: expected depth to be a whole number from 1, got ${depth}`)
  }
  if (!(alpha > 0)) throw new DatasetError(`augMix: expected alpha to be above 0, got ${alpha}`)
  const space = allOperations ? augMixSpace : augMixSpace.slice(0, -corrupting)
  return (sample, options) => {
    const key = requireKey('augMix', options)
    for (const [name, value] of Object.entries(sample)) {
      if (!isMask(value) && !isBoxes(value)) continue
      throw new DatasetError(`augMix: ${name} has no mixture. Take autoAugment or trivialAugmentWide, which move it.`)
    }
    const checked = expectBytesOfColors('augMix', sample)
    const size = sizeOfSample('augMix', checked)
    const drawStep = (own: Key): ChainStep => {
      const [name, { at, signed }] = itemAt(space, random.integer(own.fold(0), space.length))
      const magnitude = at?.(random.integer(own.fold(1), severity), bins - 1, size) ?? 0
      return [name, signed && random.integer(own.fold(2), 2) === 0 ? -magnitude : magnitude]
    }
    const chains = Array.from({ length: width }, (_, at) => {
      const own = key.fold('chain').fold(at)
      const length = depth ?? 1 + random.integer(own.fold('depth'), 3)
      return Array.from({ length }, (_, step) => drawStep(own.fold(step)))
    })
    const share = beta(key.fold('share'), alpha)
    return mixChains(
      checked,
      { share, shares: dirichlet(key.fold('shares'), alpha, width), chains },
      { interpolation, fill },
    )
  }
}

/** `share` of the image itself, and the rest of it divided among the chains. */
export function mixChains<S extends object>(
  sample: S,
  {
    share,
    shares,
    chains,
  }: { readonly share: number; readonly shares: readonly number[]; readonly chains: readonly (readonly ChainStep[])[] },
  sampling: AffineSampling,
): S {
  const augmented = chains.map((chain) =>
    chain.reduce((current, [name, magnitude]) => augmentOperations[name](current, magnitude, sampling), sample),
  )
  let at = 0
  const images = augmented.map((each) => Object.values(each).filter(isImage))
  return changeImages('augMix', sample, (image) => {
    const others = images.map((each) => itemAt(each, at))
    at++
    return mixture(image, others, [share, ...shares.map((each) => (1 - share) * each)])
  })
}

/** Sums of float32, cut down to bytes. */
function mixture(image: ImageField, others: readonly ImageField[], weights: readonly number[]): ImageField {
  const sums = Float32Array.from(image.data, (value) => itemAt(weights, 0) * value)
  for (const [at, { data }] of others.entries()) {
    const weight = Math.fround(itemAt(weights, at + 1))
    for (let pixel = 0; pixel < sums.length; pixel++)
      sums[pixel] = itemAt(sums, pixel) + Math.fround(weight * itemAt(data, pixel))
  }
  return { ...image, data: Uint8Array.from(sums) }
}

/** Shares of Dirichlet(α, …, α): Gamma(α) each, over their sum. */
function dirichlet(key: Key, alpha: number, count: number): number[] {
  const logarithms = Array.from({ length: count }, (_, at) => logGamma(key.fold(at), alpha))
  const largest = Math.max(...logarithms) // subtracted first, for small values of alpha underflow
  const powers = logarithms.map((each) => Math.exp(each - largest))
  const sum = powers.reduce((total, each) => total + each, 0)
  return powers.map((each) => each / sum)
}
