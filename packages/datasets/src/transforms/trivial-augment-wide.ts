import { random } from '@ddnet/ops'
import { DatasetError } from '../dataset-error.ts'
import type { ImageField } from '../fields.ts'
import type { ImageTransform } from '../map.ts'
import { type AffineMap, type AffineSampling, affine } from './affine.ts'
import { changeImages } from './change-fields.ts'
import { adjustBrightness, adjustContrast, adjustSaturation, expectColors } from './color.ts'
import { roundHalfToEven } from './pixels.ts'
import { requireKey } from './require-key.ts'
import { adjustSharpness, autocontrast, equalize, posterize, solarize } from './tones.ts'

interface Operation {
  /** The magnitude of the largest bin. */
  readonly most?: number
  /** Both signs are as likely. */
  readonly signed?: true
  readonly apply: <S extends object>(sample: S, magnitude: number, sampling: AffineSampling) => S
}

const moved =
  (map: (magnitude: number) => AffineMap): Operation['apply'] =>
  (sample, magnitude, sampling) =>
    affine(sample, map(magnitude), sampling)
const recolored =
  (
    change: (image: Uint8Array, shape: ImageField['shape'], magnitude: number) => ImageField['data'],
  ): Operation['apply'] =>
  (sample, magnitude) =>
    changeImages('trivialAugmentWide', sample, (image) => ({
      ...image,
      data: change(bytesOf(image), image.shape, magnitude),
    }))
function bytesOf({ data }: ImageField): Uint8Array {
  if (data instanceof Uint8Array) return data
  throw new DatasetError('trivialAugmentWide: expected an image of bytes, got floats. Put it before normalize.')
}
const degrees = (slope: number): number => (Math.atan(slope) * 180) / Math.PI

export const trivialAugmentOperations: Readonly<Record<string, Operation>> = {
  identity: { apply: (sample) => sample },
  shearX: { most: 0.99, signed: true, apply: moved((slope) => ({ shear: [degrees(slope), 0], center: [0, 0] })) },
  shearY: { most: 0.99, signed: true, apply: moved((slope) => ({ shear: [0, degrees(slope)], center: [0, 0] })) },
  translateX: { most: 32, signed: true, apply: moved((pixels) => ({ translate: [Math.trunc(pixels), 0] })) },
  translateY: { most: 32, signed: true, apply: moved((pixels) => ({ translate: [0, Math.trunc(pixels)] })) },
  rotate: { most: 135, signed: true, apply: moved((angle) => ({ angle: -angle })) },
  brightness: {
    most: 0.99,
    signed: true,
    apply: recolored((image, shape, by) => adjustBrightness(image, shape, 1 + by)),
  },
  color: { most: 0.99, signed: true, apply: recolored((image, shape, by) => adjustSaturation(image, shape, 1 + by)) },
  contrast: { most: 0.99, signed: true, apply: recolored((image, shape, by) => adjustContrast(image, shape, 1 + by)) },
  sharpness: {
    most: 0.99,
    signed: true,
    apply: recolored((image, shape, by) => adjustSharpness(image, shape, 1 + by)),
  },
  posterize: { most: 6, apply: recolored((image, _, less) => posterize(image, 8 - roundHalfToEven(less))) },
  solarize: { most: 1, apply: recolored((image, _, less) => solarize(image, 255 * (1 - less))) },
  autoContrast: { apply: recolored((image, shape) => autocontrast(image, shape)) },
  equalize: { apply: recolored((image, shape) => equalize(image, shape)) },
}

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
export function trivialAugmentWide({ bins = 31, ...sampling }: TrivialAugmentWideOptions = {}): ImageTransform {
  if (!Number.isInteger(bins) || bins < 2) {
    throw new DatasetError(`trivialAugmentWide: expected bins to be a whole number from 2, got ${bins}`)
  }
  const operations = Object.values(trivialAugmentOperations)
  return (sample, options) => {
    const key = requireKey('trivialAugmentWide', options)
    // Before the draw, for not every operation looks at the colours.
    const checked = changeImages('trivialAugmentWide', sample, (image) => {
      expectColors('trivialAugmentWide', image.shape)
      bytesOf(image)
      return image
    })
    const { most = 0, signed, apply } = operations[random.integer(key.fold(0), operations.length)] as Operation
    const magnitude = (most * random.integer(key.fold(1), bins)) / (bins - 1)
    const negative = signed && random.integer(key.fold(2), 2) === 0
    return apply(checked, negative ? -magnitude : magnitude, sampling)
  }
}
