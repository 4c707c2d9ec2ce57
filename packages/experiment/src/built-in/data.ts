import {
  type ClassificationSample,
  cifar10ClassNames,
  type Dataset,
  map,
  normalize,
  randomCrop,
  randomHorizontalFlip,
  resize,
  validationSplit,
} from '@ddnet/datasets'
import { z } from 'zod'
import type { DataDefinition, DataFacts, Given } from '../definitions.ts'
import type { PlaceOf } from '../settings/kinds.ts'
import { count, flag, oneOf, setting } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'

type PerChannel = number | readonly [red: number, green: number, blue: number]

/** What is done with the images of any source. */
export interface ImageSettings {
  readonly size: number
  readonly validation: number
  readonly flip: boolean
  readonly crop: number
  readonly mean: PerChannel
  readonly std: PerChannel
}

const perChannel = (start: number, about: string, one: z.ZodNumber) =>
  setting(z.union([one, z.tuple([one, one, one])]).default(start), 'a number, or [red, green, blue]', start, about)

const imageSettings = () => ({
  size: count(32, 'Height and width that images are resized to'),
  validation: setting(
    z.number().min(0).lt(1).default(0.1),
    'a number from 0 to below 1',
    0.1,
    'Share of the training images, of each class, to choose by (the best checkpoint, when to stop), where the data has none for it; 0 trains on all and chooses nothing',
  ),
  flip: flag(true, 'Mirror training images at random'),
  crop: setting(
    z.int().min(0).default(0),
    'a whole number of at least 0',
    4,
    'Shift training images at random by up to so many pixels; the edge is reflected',
  ),
  mean: perChannel(0.4734, 'Subtracted from the images, which are 0…1', z.number()),
  std: perChannel(0.2516, 'The images are divided by this afterwards', z.number().positive()),
})

const list = (value: PerChannel): number[] => (typeof value === 'number' ? [value] : [...value])

/** Training images are newly mirrored and shifted every epoch; what shifts them comes when they have their size. */
function prepare(
  images: Dataset<ClassificationSample>,
  { size, flip, crop, mean, std }: ImageSettings,
  { training }: { readonly training: boolean },
): Dataset<ClassificationSample> {
  return map(
    images,
    ...(training && flip ? [randomHorizontalFlip()] : []),
    ...(size === 32 ? [] : [resize(size)]), // CIFAR's own size is 32
    ...(training && crop > 0 ? [randomCrop({ padding: crop, paddingMode: 'reflect' })] : []),
    normalize({ mean: list(mean), std: list(std) }),
  )
}

function checkCrop({ crop, size }: ImageSettings, placeOf: PlaceOf): void {
  if (crop < size) return
  throw new SettingsError(
    `data.crop=${crop} (${placeOf('data.crop', 'data.size')}): expected less than data.size=${size}, for an edge that is reflected. Try data.crop=${Math.floor(size / 8)}`,
  )
}

const imageOf = ({ size }: ImageSettings): DataFacts['image'] => ({ height: size, width: size, channels: 3 })

export interface Cifar10Settings extends ImageSettings {
  readonly directory: string | null
}

export const cifar10: DataDefinition<'cifar10', Given<Cifar10Settings>, Cifar10Settings> = {
  kind: 'data',
  name: 'cifar10',
  options: z.strictObject({
    directory: setting(
      z.string().min(1).nullable().default(null),
      'the path of a folder, or null',
      './cifar-10-batches-bin',
      'Folder with the official files, null uses the cache and fills it from the network; or folder with images of your own, in a folder a class',
      { isPath: true },
    ),
    ...imageSettings(),
  }),
  check: (options, _, placeOf) => checkCrop(options, placeOf),
  title: () => 'CIFAR-10',
  facts: (options) => ({ image: imageOf(options), classNames: cifar10ClassNames }),
  normalization: ({ mean, std }) => ({ mean, std }),
  async load(options, host) {
    const { train, test, classNames } = await host.cifar10(options)
    const facts = { image: imageOf(options), classNames }
    // It comes with images to train on and to test on, and with none to choose by: these are a part of the former.
    if (options.validation === 0) return { train, test, facts }
    return { test, ...validationSplit(train, options.validation), facts }
  },
  prepare,
}

export interface FolderSettings extends ImageSettings {
  readonly directory: string | null
  readonly onError: 'throw' | 'skip'
}

export const folder: DataDefinition<'folder', Given<FolderSettings>, FolderSettings> = {
  kind: 'data',
  name: 'folder',
  options: z.strictObject({
    directory: setting(
      z.string().min(1).nullable().default(null),
      'the path of a folder',
      './photos',
      'Folder with images of your own, in a folder a class',
      { isPath: true },
    ),
    onError: oneOf(['throw', 'skip'], 'throw', 'What becomes of an image that cannot be read: stop, or leave it out'),
    ...imageSettings(),
  }),
  check(options, _, placeOf) {
    checkCrop(options, placeOf)
    if (options.directory !== null) return
    throw new SettingsError(
      `data=folder (${placeOf('data', 'preset')}) needs the folder of the images. Try folder=./photos, where each class has a folder of its own`,
    )
  },
  title: ({ directory }) => directory?.split(/[/\\]/).findLast((part) => part !== '') ?? 'folder',
  normalization: ({ mean, std }) => ({ mean, std }),
  async load(options, host) {
    const { directory, size, onError, validation } = options
    if (directory === null) throw new Error('data.directory is missing.') // checked with the settings
    const { classNames, ...splits } = await host.imageFolder({ directory, size, onError, validation })
    return { ...splits, facts: { image: imageOf(options), classNames } }
  },
  prepare,
}
