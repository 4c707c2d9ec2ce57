import type { InputSpec } from '@ddnet/layers'
import { DCGAN, DiffusionUNet, VAE } from '@ddnet/models'
import {
  type DiffusionTask,
  diffusion as diffusionTask,
  type GanTask,
  gan as ganTask,
  type VaeTask,
  vae as vaeTask,
} from '@ddnet/tasks'
import { z } from 'zod'
import type { DataFacts, Given, ModelDefinition, TaskDefinition } from '../definitions.ts'
import type { FlatSettings, PlaceOf } from '../settings/kinds.ts'
import { belowOne, count, counts, flag, notNegative, oneOf, positive, setting, share } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'

// What makes new images: a task and a model each.

const conditional = () =>
  flag(false, 'Whether the model is told the class of each image, so that images of a class can be asked for')

const measuredImages = (start: number) =>
  setting(
    z.union([z.literal(0), z.int().min(2)]).default(start),
    'a whole number of at least 2, or 0',
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
  create: ({ conditional, likelihood, deviation, beta }, facts, { black, white }) =>
    vaeTask({
      likelihood,
      deviation,
      beta,
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
    channels: counts(
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
    ...labelInput(classes, size),
  ],
  create(options, { image, conditionClasses: classes }) {
    expectSquare('vae', image, 2 ** options.channels.length, 'model.channels of other length')
    return new VAE({ ...options, inChannels: image.channels, size: image.height, classes })
  },
}

export interface GanTaskSettings {
  readonly loss: 'nonSaturating' | 'hinge' | 'wasserstein'
  readonly penalty: number | null
  readonly criticSteps: number | null
  readonly conditional: boolean
  readonly images: number
}

/** Images that a second network takes for real ones. */
export const ganGeneration: TaskDefinition<'gan', Given<GanTaskSettings>, GanTaskSettings, GanTask> = {
  kind: 'task',
  name: 'gan',
  options: z.strictObject({
    loss: oneOf(
      ['nonSaturating', 'hinge', 'wasserstein'],
      'nonSaturating',
      'What both networks make small; wasserstein is WGAN-GP, with a gradient penalty',
    ),
    penalty: setting(
      z.number().min(0).nullable().default(null),
      'a number of at least 0, or null',
      10,
      'What the gradient penalty of the discriminator weighs; null is 10 with wasserstein, else 0',
    ),
    criticSteps: setting(
      z.int().positive().nullable().default(null),
      'a whole number above 0, or null',
      5,
      'The generator learns in every so many steps, the discriminator in each; null is 5 with wasserstein, else 1',
    ),
    conditional: conditional(),
    images: measuredImages(1000),
  }),
  check({ loss, penalty }, settings, placeOf) {
    checkScaling('gan', settings, placeOf)
    if ((penalty ?? (loss === 'wasserstein' ? 10 : 0)) === 0 || settings['model.norm'] !== 'batch') return
    const asked = penalty === null ? `task.loss=${loss}` : `task.penalty=${penalty}`
    throw new SettingsError(
      `model.norm=batch (${placeOf('model.norm', 'task.loss', 'task.penalty')}) does not go with ${asked}, whose gradient penalty needs a discriminator that looks at each image by itself. Try model.norm=layer`,
    )
  },
  metrics: ['gridDistance', 'told'],
  create: ({ loss, penalty, criticSteps, conditional }, facts, { black, white }) =>
    ganTask({
      loss,
      ...(penalty !== null && { penalty }),
      ...(criticSteps !== null && { criticSteps }),
      channels: facts.image.channels,
      range: [black, white],
      conditionClasses: conditionClasses('gan', { conditional }, facts),
    }),
}

export interface DCGANSettings {
  readonly width: number
  readonly latent: number
  readonly norm: 'batch' | 'layer' | 'none'
  readonly upsampling: 'stride' | 'resize'
}

/** A generator and a discriminator. */
export const dcgan: ModelDefinition<'dcgan', Given<DCGANSettings>, DCGANSettings, DCGAN> = {
  kind: 'model',
  name: 'dcgan',
  tasks: ['gan'],
  recipe: {
    task: 'gan',
    optimizer: 'adam',
    'optimizer.learningRate': 2e-4,
    'optimizer.beta1': 0.5,
    schedule: 'constant',
    batchSize: 64,
    'data.mean': 0.5,
    'data.std': 0.5,
  },
  options: z.strictObject({
    width: count(64, 'Channels of both networks at half of the size, which each smaller stage doubles'),
    latent: count(100, 'How many numbers an image is made of'),
    norm: oneOf(
      ['batch', 'layer', 'none'],
      'batch',
      'What normalises in the discriminator: over the batch, or each image by itself as a gradient penalty needs it',
    ),
    upsampling: oneOf(
      ['stride', 'resize'],
      'stride',
      'How the generator doubles height and width: transposed convolutions, or nearest neighbours and a convolution',
    ),
  }),
  check(_, settings, placeOf) {
    const size = settings['data.size']
    if (typeof size !== 'number' || isDoubled(size)) return
    throw new SettingsError(
      `data.size=${size} (${placeOf('data.size', 'model')}): expected 4, 5, 6 or 7 times 2, 4, 8 …, to which the generator doubles. Try data.size=${nearestDoubled(size)}`,
    )
  },
  inputs: ({ latent, classes }, { size }) => [[size, latent], ...labelInput(classes, size)],
  create(options, { image: { height, width, channels }, conditionClasses: classes }) {
    if (height !== width || !isDoubled(height)) {
      throw new SettingsError(
        `model=dcgan: the images have ${height}×${width} pixels, expected squares of 4, 5, 6 or 7 times 2, 4, 8 …. Give images of ${nearestDoubled(height)} × ${nearestDoubled(height)}`,
      )
    }
    return new DCGAN({ ...options, channels, size: height, classes })
  },
}

/** Whether doubling 4, 5, 6 or 7 pixels gives so many. */
const isDoubled = (size: number): boolean => size % 2 === 0 && size >= 8 && (size <= 14 || isDoubled(size / 2))

function nearestDoubled(size: number): number {
  let found = 8
  for (let each = 8; each <= 2 * size; each += 2) {
    if (isDoubled(each) && Math.abs(each - size) < Math.abs(found - size)) found = each
  }
  return found
}

export interface DiffusionTaskSettings {
  readonly samplingSteps: number
  readonly eta: number
  readonly guidance: number
  readonly labelDropout: number
  readonly conditional: boolean
  readonly images: number
}

/** Images out of noise, step by step. */
export const diffusionGeneration: TaskDefinition<
  'diffusion',
  Given<DiffusionTaskSettings>,
  DiffusionTaskSettings,
  DiffusionTask
> = {
  kind: 'task',
  name: 'diffusion',
  options: z.strictObject({
    samplingSteps: count(50, 'In how many steps an image is made'),
    eta: share(0, 'How much noise is added on the way of an image: 0 none, as DDIM, 1 as much as DDPM'),
    guidance: notNegative(1, 'How far images are pushed to their class, where the model is told; 1 is not at all'),
    labelDropout: belowOne(0.1, 'Share of training images whose class the model is not told, for guidance'),
    conditional: conditional(),
    images: measuredImages(200),
  }),
  check({ samplingSteps }, settings, placeOf) {
    checkScaling('diffusion', settings, placeOf)
    const steps = settings['model.steps']
    if (typeof steps !== 'number' || samplingSteps <= steps) return
    throw new SettingsError(
      `task.samplingSteps=${samplingSteps} (${placeOf('task.samplingSteps', 'model.steps')}): expected at most the ${steps} levels of noise of model.steps. Try task.samplingSteps=${steps}`,
    )
  },
  metrics: [],
  create: ({ samplingSteps, eta, guidance, labelDropout, conditional }, facts, { black, white }) =>
    diffusionTask({
      samplingSteps,
      eta,
      guidance,
      labelDropout,
      channels: facts.image.channels,
      range: [black, white],
      conditionClasses: conditionClasses('diffusion', { conditional }, facts),
    }),
}

export interface DiffusionSettings {
  readonly channels: number
  readonly multipliers: readonly number[]
  readonly blocks: number
  readonly attention: number
  readonly groups: number
  readonly dropout: number
  readonly steps: number
}

/** The U-Net that says what noise is in images. */
export const diffusion: ModelDefinition<'diffusion', Given<DiffusionSettings>, DiffusionSettings, DiffusionUNet> = {
  kind: 'model',
  name: 'diffusion',
  tasks: ['diffusion'],
  recipe: {
    task: 'diffusion',
    optimizer: 'adam',
    'optimizer.learningRate': 5e-4,
    schedule: 'constant',
    batchSize: 64,
    clipNorm: 1,
    'ema.decay': 0.999,
    'data.mean': 0.5,
    'data.std': 0.5,
  },
  options: z.strictObject({
    channels: count(32, 'Channels at full size'),
    multipliers: counts(
      [1, 2, 2],
      'By how much the channels of each level are multiplied; each but the first halves the image',
    ),
    blocks: count(1, 'Blocks of a level on the way down'),
    attention: setting(
      z.int().min(0).default(1),
      'a whole number of at least 0',
      1,
      'The level at which pixels attend to each other; 0 is the full size',
    ),
    groups: count(8, 'Groups of channels that are normalised together'),
    dropout: belowOne(0, 'Share of values that are dropped in each block'),
    steps: count(1000, 'How many levels of noise there are'),
  }),
  check({ channels, multipliers, attention, groups }, settings, placeOf) {
    checkHalving('model.multipliers', multipliers.length - 1, settings, placeOf)
    if (attention >= multipliers.length) {
      throw new SettingsError(
        `model.attention=${attention} (${placeOf('model.attention', 'model.multipliers')}): expected a level of 0 … ${multipliers.length - 1}, those of model.multipliers. Try model.attention=${multipliers.length - 1}`,
      )
    }
    if (channels % 2 !== 0 || channels < 4 || channels % groups !== 0) {
      throw new SettingsError(
        `model.channels=${channels} (${placeOf('model.channels', 'model.groups')}): expected an even number of at least 4 that divides by model.groups=${groups}. Try model.channels=${Math.max(1, Math.round(channels / (2 * groups))) * 2 * groups}`,
      )
    }
  },
  inputs: ({ classes }, { size, image: { height, width, channels } }) => [
    [size, height, width, channels],
    { shape: [size], dtype: 'int32' },
    ...labelInput(classes, size),
  ],
  create(options, { image, conditionClasses: classes }) {
    const factor = 2 ** (options.multipliers.length - 1)
    if (image.height % factor !== 0 || image.width % factor !== 0) {
      throw new SettingsError(
        `model=diffusion: the images have ${image.height}×${image.width} pixels, expected sides that divide by ${factor}. Give other images, or model.multipliers of other length`,
      )
    }
    return new DiffusionUNet({ ...options, inChannels: image.channels, classes })
  },
}

/** The classes of the images, where a model is told. */
const labelInput = (classes: number | undefined, size: number): readonly InputSpec[] =>
  classes === undefined ? [] : [{ shape: [size], dtype: 'int32' }]

/** Whether images can be halved so often. */
function checkHalving(path: string, stages: number, settings: FlatSettings, placeOf: PlaceOf): void {
  const size = settings['data.size']
  if (typeof size !== 'number') return // how large the images are shows when they are loaded
  const factor = 2 ** stages
  if (size % factor === 0) return
  throw new SettingsError(
    `data.size=${size} (${placeOf('data.size', path)}): expected a multiple of ${factor}, because ${path} halves it ${stages} times. Try data.size=${Math.max(1, Math.round(size / factor)) * factor}`,
  )
}

/** Data that say only when they are loaded how large their images are. */
function expectSquare(model: string, { height, width }: DataFacts['image'], factor: number, other: string): void {
  if (height === width && height % factor === 0) return
  throw new SettingsError(
    `model=${model}: the images have ${height}×${width} pixels, expected squares whose sides divide by ${factor}. Give other images, or ${other}`,
  )
}
