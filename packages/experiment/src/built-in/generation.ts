import { VAE } from '@ddnet/models'
import { type VaeTask, vae as vaeTask } from '@ddnet/tasks'
import { z } from 'zod'
import type { DataFacts, Given, ModelDefinition, TaskDefinition } from '../definitions.ts'
import type { FlatSettings, PlaceOf } from '../settings/kinds.ts'
import { count, flag, notNegative, oneOf, positive, setting } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'

// What makes new images: a task and a model each.

const list = (start: readonly number[], about: string) =>
  setting(
    z
      .array(z.int().positive())
      .min(1)
      .default([...start]),
    'a list of whole numbers above 0',
    `[${start}]`,
    about,
  )

const conditional = () =>
  flag(false, 'Whether the model is told the class of each image, so that images of a class can be asked for')

const measuredImages = (start: number) =>
  setting(
    z.int().min(0).default(start),
    'a whole number of at least 0',
    start,
    'How many new images the Fréchet distance is measured with at the end and by eval, beside as many real ones; 0 leaves it out',
  )

/** The names of the classes that a model is told. */
function conditionClasses(task: string, { conditional }: { conditional: boolean }, { classNames }: DataFacts) {
  if (!conditional) return undefined
  if (classNames !== undefined) return classNames.length
  throw new SettingsError(
    `task.conditional=true: the images have no classes that task=${task} could tell the model. Try task.conditional=false`,
  )
}

/** Images are numbers from one black to one white, so that what is made can be shown. */
function checkScaling(task: string, settings: FlatSettings, placeOf: PlaceOf): void {
  for (const path of ['data.mean', 'data.std']) {
    const value = settings[path]
    if (!Array.isArray(value) || new Set(value).size === 1) continue
    throw new SettingsError(
      `${path}=[${value}] (${placeOf(path, 'data')}): task=${task} needs the same number for all channels, because it makes images of the same range. Try data.mean=0.5 data.std=0.5`,
    )
  }
}

export interface VaeTaskSettings {
  readonly likelihood: 'bernoulli' | 'gaussian'
  readonly deviation: number
  readonly beta: number
  readonly conditional: boolean
  readonly images: number
}

/** Images as draws of few normal numbers, by a bound on their likelihood. */
export const vaeGeneration: TaskDefinition<'vae', Given<VaeTaskSettings>, VaeTaskSettings, VaeTask> = {
  kind: 'task',
  name: 'vae',
  options: z.strictObject({
    likelihood: oneOf(
      ['bernoulli', 'gaussian'],
      'bernoulli',
      'What a value of an image is drawn from: black or white with the probability of its gray, or a Gaussian around it',
    ),
    deviation: positive(0.1, 'Standard deviation of that Gaussian, where black is 0 and white is 1'),
    beta: notNegative(1, 'What the divergence of the latent values from normal ones weighs in the loss'),
    conditional: conditional(),
    images: measuredImages(1000),
  }),
  check: (_, settings, placeOf) => checkScaling('vae', settings, placeOf),
  metrics: ['bitsPerDimension'],
  create: ({ conditional, ...options }, facts, { black, white }) =>
    vaeTask({
      ...options,
      channels: facts.image.channels,
      range: [black, white],
      conditionClasses: conditionClasses('vae', { conditional }, facts),
    }),
}

export interface VaeSettings {
  readonly channels: readonly number[]
  readonly latent: number
  readonly upsampling: 'stride' | 'shuffle' | 'resize'
}

/** An auto-encoder whose code is Gaussian. */
export const vae: ModelDefinition<'vae', Given<VaeSettings>, VaeSettings, VAE> = {
  kind: 'model',
  name: 'vae',
  tasks: ['vae'],
  recipe: {
    task: 'vae',
    optimizer: 'adam',
    'optimizer.learningRate': 1e-3,
    schedule: 'constant',
    batchSize: 128,
    'data.mean': 0,
    'data.std': 1,
  },
  options: z.strictObject({
    channels: list(
      [32, 64],
      'Channels of the encoder stages, each of which halves the image; the decoder mirrors them',
    ),
    latent: count(32, 'How many numbers an image is made of'),
    upsampling: oneOf(
      ['stride', 'shuffle', 'resize'],
      'stride',
      'How the decoder doubles height and width: transposed convolutions, sub-pixel convolutions, or nearest neighbours and a convolution',
    ),
  }),
  check({ channels }, settings, placeOf) {
    checkHalving('model.channels', channels.length, settings, placeOf)
  },
  inputs: ({ classes }, { size, image: { height, width, channels } }) => [
    [size, height, width, channels],
    ...(classes === undefined ? [] : [{ shape: [size], dtype: 'int32' as const }]),
  ],
  create(options, { image, conditionClasses: classes }) {
    expectSquare('vae', image, 2 ** options.channels.length, 'model.channels of other length')
    return new VAE({ ...options, inChannels: image.channels, size: image.height, classes })
  },
}

/** Whether images can be halved so often. */
function checkHalving(path: string, stages: number, settings: FlatSettings, placeOf: PlaceOf): void {
  const size = settings['data.size']
  if (typeof size !== 'number') return // how large the images are shows when they are loaded
  const factor = 2 ** stages
  if (size % factor === 0) return
  throw new SettingsError(
    `data.size=${size} (${placeOf('data.size', path)}): expected a multiple of ${factor}, because the ${stages} stages of ${path} each halve it. Try data.size=${Math.max(1, Math.round(size / factor)) * factor}`,
  )
}

/** Data that say only when they are loaded how large their images are. */
function expectSquare(model: string, { height, width }: DataFacts['image'], factor: number, other: string): void {
  if (height === width && height % factor === 0) return
  throw new SettingsError(
    `model=${model}: the images have ${height}×${width} pixels, expected squares whose sides divide by ${factor}. Give other images, or ${other}`,
  )
}
