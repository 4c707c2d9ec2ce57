import {
  augMix,
  autoAugment,
  type Dataset,
  type ImageTransform,
  map,
  normalize,
  randAugment,
  randomCrop,
  randomHorizontalFlip,
  resize,
  trivialAugmentWide,
} from '@ddnet/datasets'
import { z } from 'zod'
import type { PlaceOf } from '../settings/kinds.ts'
import { count, flag, oneOf, setting } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'

// What is done with the images of any source.

type PerChannel = number | readonly [red: number, green: number, blue: number]

/** A policy of operations that training images go through. */
export type Augmentation =
  | 'none'
  | 'autoAugmentCifar10'
  | 'autoAugmentImageNet'
  | 'autoAugmentSvhn'
  | 'randAugment'
  | 'trivialAugment'
  | 'augMix'

const augmentations: Readonly<Record<Exclude<Augmentation, 'none'>, () => ImageTransform>> = {
  autoAugmentCifar10: () => autoAugment({ policy: 'cifar10' }),
  autoAugmentImageNet: () => autoAugment({ policy: 'imagenet' }),
  autoAugmentSvhn: () => autoAugment({ policy: 'svhn' }),
  randAugment: () => randAugment(),
  trivialAugment: () => trivialAugmentWide(),
  augMix: () => augMix(),
}

const augmentationNames = [
  'none',
  'autoAugmentCifar10',
  'autoAugmentImageNet',
  'autoAugmentSvhn',
  'randAugment',
  'trivialAugment',
  'augMix',
] as const satisfies readonly Augmentation[]

export interface ImageSettings<Mean = PerChannel> {
  readonly size: number
  readonly validation: number
  readonly flip: boolean
  readonly crop: number
  readonly augment: Augmentation
  readonly mean: Mean
  readonly std: Mean
}

const validation = () =>
  setting(
    z.number().min(0).lt(1).default(0.1),
    'a number from 0 to below 1',
    0.1,
    'Share of the training images, of each class, to choose by (the best checkpoint, when to stop), where the data has none for it; 0 trains on all and chooses nothing',
  )

const crop = () =>
  setting(
    z.int().min(0).default(0),
    'a whole number of at least 0',
    4,
    'Shift training images at random by up to so many pixels; the edge is reflected',
  )

const augment = () =>
  oneOf(
    augmentationNames,
    'none',
    'Policy of operations on colors and geometry that training images go through, with torchvision’s magnitudes; masks move with their images, and have no mixture of augMix',
    { before: 'none' },
  )

const aboutMean = 'Subtracted from the images, which are 0…1'
const aboutStd = 'The images are divided by this afterwards'

const perChannel = (start: number, about: string, one: z.ZodNumber) =>
  setting(z.union([one, z.tuple([one, one, one])]).default(start), 'a number, or [red, green, blue]', start, about)

/** The schemas of what is done with images. */
interface ImageSchemas<Value extends z.ZodType> {
  readonly size: z.ZodDefault<z.ZodInt>
  readonly validation: z.ZodDefault<z.ZodNumber>
  readonly flip: z.ZodDefault<z.ZodBoolean>
  readonly crop: z.ZodDefault<z.ZodInt>
  readonly augment: z.ZodDefault<z.ZodEnum<{ [Name in Augmentation]: Name }>>
  readonly mean: Value
  readonly std: Value
}

type Three = z.ZodTuple<[z.ZodNumber, z.ZodNumber, z.ZodNumber], null>

/** The settings of images in color. */
export const colorSettings = (): ImageSchemas<z.ZodDefault<z.ZodUnion<readonly [z.ZodNumber, Three]>>> => ({
  size: count(32, 'Height and width that images are resized to'),
  validation: validation(),
  flip: flag(true, 'Mirror training images at random'),
  crop: crop(),
  augment: augment(),
  mean: perChannel(0.4734, aboutMean, z.number()),
  std: perChannel(0.2516, aboutStd, z.number().positive()),
})

/** The settings of images in gray. */
export const graySettings = ({
  size,
  flip,
  mean,
  std,
}: Pick<ImageSettings<number>, 'size' | 'flip' | 'mean' | 'std'>): ImageSchemas<z.ZodDefault<z.ZodNumber>> => ({
  size: count(size, 'Height and width that images are resized to'),
  validation: validation(),
  flip: flag(flip, 'Mirror training images at random'),
  crop: crop(),
  augment: augment(),
  mean: setting(z.number().default(mean), 'a number', mean, aboutMean),
  std: setting(z.number().positive().default(std), 'a number above 0', std, aboutStd),
})

/** A setting that names a folder. */
export const folderSetting = (
  expects: string,
  example: string,
  about: string,
): z.ZodDefault<z.ZodNullable<z.ZodString>> =>
  setting(z.string().min(1).nullable().default(null), expects, example, about, { isPath: true })

/** One number for all channels, or one each, as `normalize` takes them. */
export const valuesOf = (value: PerChannel): number[] => (typeof value === 'number' ? [value] : [...value])

type Prepare = <S extends object>(
  images: Dataset<S>,
  settings: ImageSettings,
  use: { readonly training: boolean },
) => Dataset<S>

/**
 * Training images are newly mirrored, shifted and augmented every epoch; what shifts and augments them comes when they have their size.
 *
 * @param ownSize height and width of images that need not be resized
 */
export const prepareImages =
  (ownSize: number): Prepare =>
  (images, { size, flip, crop, augment, mean, std }, { training }) =>
    map(
      images,
      ...(training && flip ? [randomHorizontalFlip()] : []),
      ...(size === ownSize ? [] : [resize(size)]),
      ...(training && crop > 0 ? [randomCrop({ padding: crop, paddingMode: 'reflect' })] : []),
      ...(training && augment !== 'none' ? [augmentations[augment]()] : []),
      normalize({ mean: valuesOf(mean), std: valuesOf(std) }),
    )

export function checkCrop({ crop, size }: Pick<ImageSettings, 'crop' | 'size'>, placeOf: PlaceOf): void {
  if (crop < size) return
  throw new SettingsError(
    `data.crop=${crop} (${placeOf('data.crop', 'data.size')}): expected less than data.size=${size}, for an edge that is reflected. Try data.crop=${Math.floor(size / 8)}`,
  )
}
