import { ConvNet, DDNet, PixelDDNet, SeedDDNet } from '@ddnet/models'
import { z } from 'zod'
import type { ChannelGroup, Given, ModelDefinition } from '../definitions.ts'
import type { FlatSettings, PlaceOf } from '../settings/kinds.ts'
import { count, flag, oneOf, setting } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'

export interface DDNetSettings {
  readonly channels: readonly number[]
  readonly normalization: 'batch' | 'group' | 'none'
  readonly groups: number
  readonly unpool: 'stride' | 'switches' | 'shuffle' | 'resize'
  readonly skip: boolean
}

const ddnetOptions = {
  channels: setting(
    z.array(z.int().positive()).min(1).default([32, 64, 128]),
    'a list of whole numbers above 0',
    '[32,64,128]',
    'Channels of the encoder stages; the decoder mirrors them',
  ),
  normalization: oneOf(['batch', 'group', 'none'], 'batch', 'What follows each convolution'),
  groups: count(8, 'Groups of channels that a group norm normalises together', { before: 8 }),
  unpool: oneOf(
    ['stride', 'switches', 'shuffle', 'resize'],
    'stride',
    'How the decoder doubles height and width: a transposed convolution of stride 2, or one behind unpooling to where the maxima stood, sub-pixel convolution, or nearest neighbours and a convolution',
    { before: 'stride' },
  ),
  skip: flag(false, 'Whether the decoder adds what the encoder had at the same size', { before: false }),
}

function checkDDNet(
  { channels, normalization, groups }: DDNetSettings,
  settings: FlatSettings,
  placeOf: PlaceOf,
): void {
  if (normalization === 'group' && channels.some((each) => each % groups !== 0)) {
    const fitting = [8, 4, 2, 1].find((each) => channels.every((some) => some % each === 0))
    throw new SettingsError(
      `model.groups=${groups} (${placeOf('model.groups', 'model.channels')}): expected groups that divide all of model.channels=[${channels}]. Try model.groups=${fitting}`,
    )
  }
  checkHalving(channels.length, settings, placeOf)
}

/** The stages of a DDNet; where the decoder adds or unpools what the encoder had, both are of the same channels. */
function ddnetGroups({ channels, normalization, groups, unpool, skip }: DDNetSettings, head: string): ChannelGroup[] {
  const last = channels.length - 1
  const isTied = skip || unpool === 'switches'
  const normsOf = (module: string) => (normalization === 'none' ? [] : [`${module}.norm`])
  const common = { ...(normalization === 'group' && { multipleOf: groups }) }
  const encoder = channels.map((_, stage) => ({
    channels: stage,
    outputs: [`encoder.${stage}.conv`],
    norms: normsOf(`encoder.${stage}`),
    inputs: [stage === last ? 'decoder.0.deconv' : `encoder.${stage + 1}.conv`],
    ...common,
  }))
  const decoder = channels.map((_, at) => ({
    channels: Math.max(0, last - 1 - at),
    outputs: [`decoder.${at}.deconv`],
    norms: normsOf(`decoder.${at}`),
    inputs: [at === last ? head : `decoder.${at + 1}.deconv`],
    ...common,
  }))
  if (!isTied) return [...encoder, ...decoder]
  const merged = encoder.map((group, stage) => {
    const mirrored = stage === last ? undefined : decoder[last - 1 - stage]
    if (mirrored === undefined) return group
    return {
      ...group,
      outputs: [...group.outputs, ...mirrored.outputs],
      norms: [...group.norms, ...mirrored.norms],
      inputs: [...group.inputs, ...mirrored.inputs],
    }
  })
  return [...merged, ...decoder.slice(last)]
}

/** Whether images can be halved so often. */
function checkHalving(stages: number, settings: FlatSettings, placeOf: PlaceOf): void {
  const size = settings['data.size']
  if (typeof size !== 'number') return // how large the images are shows when they are loaded
  const factor = 2 ** stages
  if (size % factor === 0) return
  throw new SettingsError(
    `data.size=${size} (${placeOf('data.size', 'model.channels')}): expected a multiple of ${factor}, because the ${stages} stages of model.channels each halve it. Try data.size=${Math.max(1, Math.round(size / factor)) * factor}`,
  )
}

/** The deep deconvolution network. */
export const ddnet: ModelDefinition<'ddnet', Given<DDNetSettings>, DDNetSettings, DDNet> = {
  kind: 'model',
  name: 'ddnet',
  tasks: ['classification'],
  head: 'heads.class',
  options: z.strictObject(ddnetOptions),
  check: checkDDNet,
  channelGroups: (options) => ddnetGroups(options, 'heads.class'),
  create: (options, { image, outputs }) => new DDNet({ ...options, inChannels: image.channels, classes: outputs }),
}

export interface PixelDDNetSettings extends DDNetSettings {
  readonly head: 'image' | 'mask'
}

/** The deep deconvolution network that answers for each pixel. */
export const ddnetPixels: ModelDefinition<'ddnetPixels', Given<PixelDDNetSettings>, PixelDDNetSettings, PixelDDNet> = {
  kind: 'model',
  name: 'ddnetPixels',
  tasks: ['reconstruction', 'segmentation'],
  head: 'heads',
  options: z.strictObject({
    ...ddnetOptions,
    head: oneOf(['image', 'mask'], 'image', 'What it gives of each pixel, and how checkpoints call the head'),
  }),
  check: checkDDNet,
  channelGroups: (options) => ddnetGroups(options, `heads.${options.head}`),
  create: (options, { image, outputs }) => new PixelDDNet({ ...options, inChannels: image.channels, outputs }),
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
  channelGroups: ({ channels }) =>
    channels.map((_, stage) => ({
      channels: stage,
      outputs: [`features.${4 * stage}`],
      norms: [`features.${4 * stage + 1}`],
      inputs: [stage === channels.length - 1 ? 'head' : `features.${4 * (stage + 1)}`],
    })),
  create: ({ channels }, { image, outputs }) => new ConvNet({ inChannels: image.channels, classes: outputs, channels }),
}
