import { DatasetError } from '../dataset-error.ts'
import type { ImageField } from '../fields.ts'
import { type AffineMap, type AffineSampling, affine } from './affine.ts'
import { changeImages } from './change-fields.ts'
import { adjustBrightness, adjustContrast, adjustSaturation, expectColors } from './color.ts'
import { roundHalfToEven } from './pixels.ts'
import { adjustSharpness, autocontrast, equalize, invert, posterize, solarize } from './tones.ts'

/** The operations that policies are made of, which all take bytes. */
export type OperationName =
  | 'identity'
  | 'shearX'
  | 'shearY'
  | 'translateX'
  | 'translateY'
  | 'rotate'
  | 'brightness'
  | 'color'
  | 'contrast'
  | 'sharpness'
  | 'posterize'
  | 'solarize'
  | 'autoContrast'
  | 'equalize'
  | 'invert'

type Apply = <S extends object>(sample: S, magnitude: number, sampling: AffineSampling) => S

const moved =
  (map: (magnitude: number) => AffineMap): Apply =>
  (sample, magnitude, sampling) =>
    affine(sample, map(magnitude), sampling)
const recolored =
  (change: (image: Uint8Array, shape: ImageField['shape'], magnitude: number) => ImageField['data']): Apply =>
  (sample, magnitude) =>
    changeImages('augment', sample, (image) => ({
      ...image,
      data: change(bytesOf('augment', image), image.shape, magnitude),
    }))
const degrees = (slope: number): number => (Math.atan(slope) * 180) / Math.PI

/**
 * What each operation does, by the magnitude: the slope of a shear, pixels, degrees against the clock, what is added to a factor of 1, the bits
 * that are left, or the share of white from which on is inverted. Masks and boxes move with the image.
 *
 * @see torchvision.transforms.v2.AutoAugment, whose `_apply_image_or_video_transform` this is
 */
export const augmentOperations: Readonly<Record<OperationName, Apply>> = {
  identity: (sample) => sample,
  shearX: moved((slope) => ({ shear: [degrees(slope), 0], center: [0, 0] })),
  shearY: moved((slope) => ({ shear: [0, degrees(slope)], center: [0, 0] })),
  translateX: moved((pixels) => ({ translate: [Math.trunc(pixels), 0] })),
  translateY: moved((pixels) => ({ translate: [0, Math.trunc(pixels)] })),
  rotate: moved((angle) => ({ angle: -angle })),
  brightness: recolored((image, shape, by) => adjustBrightness(image, shape, 1 + by)),
  color: recolored((image, shape, by) => adjustSaturation(image, shape, 1 + by)),
  contrast: recolored((image, shape, by) => adjustContrast(image, shape, 1 + by)),
  sharpness: recolored((image, shape, by) => adjustSharpness(image, shape, 1 + by)),
  posterize: recolored((image, _, bits) => posterize(image, bits)),
  solarize: recolored((image, _, share) => solarize(image, 255 * share)),
  autoContrast: recolored((image, shape) => autocontrast(image, shape)),
  equalize: recolored((image, shape) => equalize(image, shape)),
  invert: recolored((image) => invert(image)),
}

/** The magnitudes of an operation in a policy. */
export interface Magnitudes {
  /** That of bin `bin` of 0 … `last`, for an image of this size; nothing where the operation has none. */
  at?(bin: number, last: number, size: readonly [height: number, width: number]): number
  /** Both signs are as likely. */
  readonly signed?: true
}

/** Evenly from 0 to `most`, of both signs. */
export const upTo = (most: number): Magnitudes => ({ at: (bin, last) => (most * bin) / last, signed: true })

/** Evenly from 0 to a share of the width or height, of both signs. */
export const upToShare = (axis: 'x' | 'y', share: number): Magnitudes => ({
  at: (bin, last, [height, width]) => (share * (axis === 'x' ? width : height) * bin) / last,
  signed: true,
})

/** From `bits` down by `most`, rounded. */
export const fewerBits = (bits: number, most: number): Magnitudes => ({
  at: (bin, last) => roundHalfToEven(bits - (bin * most) / last),
})

/** From all white, which changes nothing, down to all. */
export const fromWhite: Magnitudes = { at: (bin, last) => 1 - bin / last }

export const noMagnitude: Magnitudes = {}

/** @throws DatasetError unless the images are of bytes, grey or RGB: not every operation looks at them */
export const expectBytesOfColors = <S extends object>(transform: string, sample: S): S =>
  changeImages(transform, sample, (image) => {
    expectColors(transform, image.shape)
    bytesOf(transform, image)
    return image
  })

function bytesOf(transform: string, { data }: ImageField): Uint8Array {
  if (data instanceof Uint8Array) return data
  throw new DatasetError(`${transform}: expected an image of bytes, got floats. Put it before normalize.`)
}
