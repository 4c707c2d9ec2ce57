import { cifar10ClassNames, validationSplit } from '@ddnet/datasets'
import { z } from 'zod'
import type { DataDefinition, DataFacts, Given } from '../definitions.ts'
import { oneOf } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'
import { checkCrop, colorSettings, folderSetting, type ImageSettings, prepareImages } from './images.ts'

const imageOf = ({ size }: ImageSettings): DataFacts['image'] => ({ height: size, width: size, channels: 3 })

export interface Cifar10Settings extends ImageSettings {
  readonly directory: string | null
}

export const cifar10: DataDefinition<'cifar10', Given<Cifar10Settings>, Cifar10Settings> = {
  kind: 'data',
  name: 'cifar10',
  options: z.strictObject({
    directory: folderSetting(
      'the path of a folder, or null',
      './cifar-10-batches-bin',
      'Folder with the official files, null uses the cache and fills it from the network; or folder with images of your own, in a folder a class',
    ),
    ...colorSettings(),
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
  prepare: prepareImages(32),
}

export interface FolderSettings extends ImageSettings {
  readonly directory: string | null
  readonly onError: 'throw' | 'skip'
}

export const folder: DataDefinition<'folder', Given<FolderSettings>, FolderSettings> = {
  kind: 'data',
  name: 'folder',
  preset: 'photos',
  options: z.strictObject({
    directory: folderSetting('the path of a folder', './photos', 'Folder with images of your own, in a folder a class'),
    onError: oneOf(['throw', 'skip'], 'throw', 'What becomes of an image that cannot be read: stop, or leave it out'),
    ...colorSettings(),
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
  prepare: prepareImages(32),
}
