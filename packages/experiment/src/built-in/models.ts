import { ConvNet, DDNet, SeedDDNet } from '@ddnet/models'
import { z } from 'zod'
import type { Given, ModelDefinition } from '../definitions.ts'
import { oneOf, setting } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'

export interface DDNetSettings {
  readonly channels: readonly number[]
  readonly normalization: 'batch' | 'none'
}

/** The deep deconvolution network. */
export const ddnet: ModelDefinition<'ddnet', Given<DDNetSettings>, DDNetSettings, DDNet> = {
  kind: 'model',
  name: 'ddnet',
  tasks: ['classification'],
  head: 'heads.class',
  options: z.strictObject({
    channels: setting(
      z.array(z.int().positive()).min(1).default([32, 64, 128]),
      'a list of whole numbers above 0',
      '[32,64,128]',
      'Channels of the encoder stages; the decoder mirrors them',
    ),
    normalization: oneOf(['batch', 'none'], 'batch', 'What follows each convolution'),
  }),
  check({ channels }, settings, placeOf) {
    const size = settings['data.size']
    if (typeof size !== 'number') return // how large the images are shows when they are loaded
    const factor = 2 ** channels.length
    if (size % factor === 0) return
    throw new SettingsError(
      `data.size=${size} (${placeOf('data.size', 'model.channels')}): expected a multiple of ${factor}, because the ${channels.length} stages of model.channels each halve it. Try data.size=${Math.max(1, Math.round(size / factor)) * factor}`,
    )
  },
  create: ({ channels, normalization }, { image, outputs }) =>
    new DDNet({ inChannels: image.channels, classes: outputs, channels, normalization }),
}

/** The article's network, literally. */
export const article: ModelDefinition<'article', object, object, SeedDDNet> = {
  kind: 'model',
  name: 'article',
  tasks: ['classification'],
  head: 'heads.class',
  options: z.strictObject({}),
  create: (_, { outputs }) => new SeedDDNet({ classes: outputs }),
}

export interface ConvNetSettings {
  readonly channels: readonly number[]
}

/** A plain convolutional classifier. */
export const convnet: ModelDefinition<'convnet', Given<ConvNetSettings>, ConvNetSettings, ConvNet> = {
  kind: 'model',
  name: 'convnet',
  tasks: ['classification'],
  head: 'head',
  options: z.strictObject({
    channels: setting(
      z.array(z.int().positive()).min(1).default([32, 64, 128]),
      'a list of whole numbers above 0',
      '[32,64,128]',
      'Channels of the stages, each of which halves the image',
    ),
  }),
  check({ channels }, settings, placeOf) {
    const size = settings['data.size']
    const least = 2 ** channels.length
    if (typeof size !== 'number' || size >= least) return
    throw new SettingsError(
      `data.size=${size} (${placeOf('data.size', 'model.channels')}): expected at least ${least}, because the ${channels.length} stages of model.channels each halve it. Try data.size=${least}`,
    )
  },
  create: ({ channels }, { image, outputs }) => new ConvNet({ inChannels: image.channels, classes: outputs, channels }),
}
