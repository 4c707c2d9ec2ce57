import { imageNet, MobileNetV2, mobilenetV2Names } from '@ddnet/models'
import { z } from 'zod'
import type { Given, ModelDefinition } from '../definitions.ts'
import { belowOne, positive } from '../settings/setting.ts'

export interface MobileNetV2Settings {
  readonly widthMultiplier: number
  readonly dropout: number
}

/** As torchvision has it, for photos. */
export const mobilenetV2: ModelDefinition<
  'mobilenetV2',
  Given<MobileNetV2Settings>,
  MobileNetV2Settings,
  MobileNetV2
> = {
  kind: 'model',
  name: 'mobilenetV2',
  tasks: ['classification'],
  head: 'classifier',
  weightsExpect: imageNet,
  weightNames: mobilenetV2Names,
  options: z.strictObject({
    widthMultiplier: positive(1, 'What all channels are multiplied with'),
    dropout: belowOne(0.2, 'Rate at which features before the classifier are dropped in training'),
  }),
  create: (options, { image, outputs }) =>
    new MobileNetV2({ ...options, inChannels: image.channels, classes: outputs }),
}
