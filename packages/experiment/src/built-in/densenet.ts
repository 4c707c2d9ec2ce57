import { CifarDenseNet, DenseNet, densenetNames, imageNet } from '@ddnet/models'
import { z } from 'zod'
import type { Given, ModelDefinition } from '../definitions.ts'
import { belowOne, count, setting } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'

export interface DenseNetSettings {
  readonly growthRate: number
  readonly dropout: number
}

const growthRate = (start: number) => count(start, 'Channels that each layer adds')
const dropout = () => belowOne(0, 'Rate at which values behind each layer are dropped in training', { example: 0.2 })

/** As torchvision has it, for photos. */
export const densenet121: ModelDefinition<'densenet121', Given<DenseNetSettings>, DenseNetSettings, DenseNet> = {
  kind: 'model',
  name: 'densenet121',
  tasks: ['classification'],
  head: 'classifier',
  weightsExpect: imageNet,
  weightNames: densenetNames,
  options: z.strictObject({ growthRate: growthRate(32), dropout: dropout() }),
  check(_, settings, placeOf) {
    const size = settings['data.size']
    if (typeof size !== 'number' || size >= 32) return
    throw new SettingsError(
      `data.size=${size} (${placeOf('data.size', 'model')}): expected at least 32, because model=densenet121 halves images five times. Try data.size=32, or model=densenetBC`,
    )
  },
  create: (options, { image, outputs }) => new DenseNet({ ...options, inChannels: image.channels, classes: outputs }),
}

export interface CifarDenseNetSettings extends DenseNetSettings {
  readonly depth: number
}

/** As the paper has it for CIFAR-10. */
export const densenetBC: ModelDefinition<
  'densenetBC',
  Given<CifarDenseNetSettings>,
  CifarDenseNetSettings,
  CifarDenseNet
> = {
  kind: 'model',
  name: 'densenetBC',
  tasks: ['classification'],
  head: 'classifier',
  options: z.strictObject({
    depth: setting(
      z
        .int()
        .min(10)
        .refine((depth) => (depth - 4) % 6 === 0)
        .default(100),
      'a whole number of 6n + 4',
      40,
      'Layers: three blocks of (depth − 4) / 6 bottlenecks',
    ),
    growthRate: growthRate(12),
    dropout: dropout(),
  }),
  create: (options, { image, outputs }) =>
    new CifarDenseNet({ ...options, inChannels: image.channels, classes: outputs }),
}
