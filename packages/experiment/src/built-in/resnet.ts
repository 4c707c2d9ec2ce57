import { CifarResNet, imageNet, ResNet, type ResNetOptions } from '@ddnet/models'
import { z } from 'zod'
import type { Given, ModelDefinition } from '../definitions.ts'
import { count } from '../settings/setting.ts'

export interface ResNetSettings {
  readonly width: number
}

type ResNetDefinition<Name extends string, M extends ResNet | CifarResNet> = ModelDefinition<
  Name,
  Given<ResNetSettings>,
  ResNetSettings,
  M
>

const about = 'Channels of the first stage, which each further one doubles'

/** As torchvision has it, for photos. */
const ofPhotos = <Name extends string>(
  name: Name,
  depth: NonNullable<ResNetOptions['depth']>,
): ResNetDefinition<Name, ResNet> => ({
  kind: 'model',
  name,
  tasks: ['classification'],
  head: 'fc',
  weightsExpect: imageNet,
  options: z.strictObject({ width: count(64, about) }),
  create: ({ width }, { image, outputs }) => new ResNet({ depth, inChannels: image.channels, classes: outputs, width }),
})

export const resnet18: ResNetDefinition<'resnet18', ResNet> = ofPhotos('resnet18', 18)
export const resnet34: ResNetDefinition<'resnet34', ResNet> = ofPhotos('resnet34', 34)
export const resnet50: ResNetDefinition<'resnet50', ResNet> = ofPhotos('resnet50', 50)

/** As the paper has it for CIFAR-10. */
const ofSmallImages = <Name extends string>(name: Name, depth: number): ResNetDefinition<Name, CifarResNet> => ({
  kind: 'model',
  name,
  tasks: ['classification'],
  head: 'fc',
  options: z.strictObject({ width: count(16, about) }),
  create: ({ width }, { image, outputs }) =>
    new CifarResNet({ depth, inChannels: image.channels, classes: outputs, width }),
})

export const resnet20: ResNetDefinition<'resnet20', CifarResNet> = ofSmallImages('resnet20', 20)
export const resnet32: ResNetDefinition<'resnet32', CifarResNet> = ofSmallImages('resnet32', 32)
export const resnet56: ResNetDefinition<'resnet56', CifarResNet> = ofSmallImages('resnet56', 56)
