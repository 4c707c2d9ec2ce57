import { CenterNet, imageNet } from '@ddnet/models'
import { z } from 'zod'
import type { Given, ModelDefinition } from '../definitions.ts'
import { count, setting } from '../settings/setting.ts'
import { SettingsError } from '../settings/settings-error.ts'

const depths = [18, 34, 50] as const

const depthOf = (depth: number) => depths.find((each) => each === depth)

export interface CenterNetSettings {
  readonly depth: number
  readonly width: number
  readonly deconv: readonly number[]
  readonly hidden: number
}

/** Objects as points: a ResNet, and transposed convolutions that bring its features back to a quarter of the image's size. */
export const centernet: ModelDefinition<'centernet', Given<CenterNetSettings>, CenterNetSettings, CenterNet> = {
  kind: 'model',
  name: 'centernet',
  tasks: ['detection'],
  head: ['deconv', 'heads'],
  weightsExpect: imageNet,
  options: z.strictObject({
    depth: count(18, 'Layers of the ResNet that sees the image: 18, 34 or 50'),
    width: count(64, 'Channels of the ResNet’s first stage, which each further one doubles'),
    deconv: setting(
      z.array(z.int().positive()).min(1).max(5).default([256, 256, 256]),
      'a list of one to five whole numbers above 0',
      '[256,256,256]',
      'Channels of the transposed convolutions, each of which doubles height and width; three of them leave a quarter of the image’s',
    ),
    hidden: count(64, 'Channels in the middle of each head'),
  }),
  check({ depth }, settings, placeOf) {
    if (depthOf(depth) === undefined) {
      throw new SettingsError(
        `model.depth=${depth} (${placeOf('model.depth')}): expected ${depths.join(', ')}, the ResNets of model=centernet. Try model.depth=18`,
      )
    }
    const size = settings['data.size']
    if (typeof size !== 'number' || size % 32 === 0) return
    throw new SettingsError(
      `data.size=${size} (${placeOf('data.size', 'model')}): expected a multiple of 32, by which the ResNet of model=centernet makes the image smaller. Try data.size=${Math.max(1, Math.round(size / 32)) * 32}`,
    )
  },
  // torchvision's and timm's weights are of a ResNet alone, which is the backbone here.
  weightNames: (tensors) =>
    Object.fromEntries(
      Object.entries(tensors)
        .filter(([name]) => !name.startsWith('fc.'))
        .map(([name, value]) => [/^(backbone|deconv|heads)\./.test(name) ? name : `backbone.${name}`, value]),
    ),
  create: ({ depth, ...options }, { image, outputs }) =>
    new CenterNet({ ...options, depth: depthOf(depth) ?? 18, inChannels: image.channels, classes: outputs }), // checked
}
