import { DeconvNet, SegNet, UNet } from '@ddnet/models'
import { z } from 'zod'
import type { Given, ModelDefinition } from '../definitions.ts'
import type { FlatSettings, PlaceOf } from '../settings/kinds.ts'
import { count, counts } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'

// Networks that answer for each pixel.

const tasks = ['reconstruction', 'segmentation']

export interface UNetSettings {
  readonly channels: readonly number[]
}

export const unet: ModelDefinition<'unet', Given<UNetSettings>, UNetSettings, UNet> = {
  kind: 'model',
  name: 'unet',
  tasks,
  head: 'head',
  options: z.strictObject({
    channels: counts([64, 128, 256, 512, 1024], 'Channels of the stages, of which all but the first halve the image'),
  }),
  check({ channels }, settings, placeOf) {
    const size = settings['data.size']
    const factor = 2 ** (channels.length - 1)
    if (typeof size !== 'number' || size % factor === 0) return
    throw new SettingsError(
      `data.size=${size} (${placeOf('data.size', 'model.channels')}): expected a multiple of ${factor}, because ${channels.length - 1} of the stages of model.channels halve it. Try data.size=${Math.max(1, Math.round(size / factor)) * factor}`,
    )
  },
  create: ({ channels }, { image, outputs }) => new UNet({ inChannels: image.channels, classes: outputs, channels }),
}

export interface SegNetSettings {
  readonly channels: readonly number[]
  readonly depths: readonly number[]
}

const vgg16 = {
  channels: counts(
    [64, 128, 256, 512, 512],
    'Channels of the stages, each of which halves the image; the decoder mirrors them',
  ),
  depths: counts([2, 2, 3, 3, 3], 'Convolutions of each stage'),
}

/** @param least height and width that the deepest stage must have */
function checkStages(
  { channels, depths }: SegNetSettings,
  least: number,
  settings: FlatSettings,
  placeOf: PlaceOf,
): void {
  if (channels.length !== depths.length) {
    throw new SettingsError(
      `model.depths=[${depths}] (${placeOf('model.depths', 'model.channels')}): expected as many numbers as model.channels=[${channels}] has. Try model.depths=[${channels.map(() => 2)}]`,
    )
  }
  const size = settings['data.size']
  const smallest = least * 2 ** channels.length
  if (typeof size !== 'number' || size >= smallest) return
  throw new SettingsError(
    `data.size=${size} (${placeOf('data.size', 'model.channels')}): expected at least ${smallest}, because the ${channels.length} stages of model.channels each halve it. Try data.size=${smallest}, or fewer stages`,
  )
}

export const segnet: ModelDefinition<'segnet', Given<SegNetSettings>, SegNetSettings, SegNet> = {
  kind: 'model',
  name: 'segnet',
  tasks,
  head: 'head',
  options: z.strictObject(vgg16),
  check: (options, settings, placeOf) => checkStages(options, 1, settings, placeOf),
  create: (options, { image, outputs }) => new SegNet({ ...options, inChannels: image.channels, classes: outputs }),
}

export interface DeconvNetSettings extends SegNetSettings {
  readonly kernelSize: number
  readonly hidden: number
}

export const deconvnet: ModelDefinition<'deconvnet', Given<DeconvNetSettings>, DeconvNetSettings, DeconvNet> = {
  kind: 'model',
  name: 'deconvnet',
  tasks,
  head: 'head',
  options: z.strictObject({
    ...vgg16,
    kernelSize: count(7, 'Height and width of what the fully connected layers in the middle see'),
    hidden: count(4096, 'Channels of the fully connected layers in the middle'),
  }),
  check: (options, settings, placeOf) => checkStages(options, options.kernelSize, settings, placeOf),
  create: (options, { image, outputs }) => new DeconvNet({ ...options, inChannels: image.channels, classes: outputs }),
}
