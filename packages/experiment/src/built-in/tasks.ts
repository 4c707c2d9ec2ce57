import {
  type Classification,
  classification as classificationTask,
  type ReconstructionTask,
  reconstruction as reconstructionTask,
  type Segmentation,
  segmentation as segmentationTask,
} from '@ddnet/tasks'
import { z } from 'zod'
import type { Given, TaskDefinition } from '../definitions.ts'
import { belowOne, notNegative } from '../settings/setting.ts'
import { mixingSetting, mixtures } from './mixing.ts'

export interface ClassificationSettings {
  readonly labelSmoothing: number
  readonly mixUp: number
  readonly cutMix: number
}

/** Which class each image is of. */
export const classification: TaskDefinition<
  'classification',
  Given<ClassificationSettings>,
  ClassificationSettings,
  Classification
> = {
  kind: 'task',
  name: 'classification',
  options: z.strictObject({
    labelSmoothing: belowOne(
      0,
      'Share of the target that goes to all classes evenly; in training and its validations, never in eval',
      { example: 0.1 },
    ),
    mixUp: mixingSetting('Blend training images with others, and their classes with the same shares', 0.2),
    cutMix: mixingSetting('Replace a rectangle of training images by that of others, and mix their classes by area', 1),
  }),
  metrics: ['accuracy'],
  create({ labelSmoothing }, { classNames }) {
    if (classNames !== undefined) return classificationTask({ classes: classNames, loss: { labelSmoothing } })
    throw new Error('task=classification needs data with classes: facts.classNames. Take other data, or another task.')
  },
  mix: (samples, { mixUp, cutMix }, { classNames = [] }) =>
    mixtures(samples, { mixUp, cutMix, classes: { label: classNames.length } }),
}

export interface ReconstructionSettings {
  readonly noise: number
}

/** Pictures out of pictures, as an autoencoder learns it. */
export const reconstruction: TaskDefinition<
  'reconstruction',
  Given<ReconstructionSettings>,
  ReconstructionSettings,
  ReconstructionTask
> = {
  kind: 'task',
  name: 'reconstruction',
  options: z.strictObject({
    noise: notNegative(
      0,
      'Standard deviation of noise that is added to the images in training, which the model learns to take away',
    ),
  }),
  metrics: ['psnr'],
  create: ({ noise }, { image }, { black, white }) =>
    reconstructionTask({ channels: image.channels, noise, range: [black, white] }),
}

export interface SegmentationSettings {
  readonly dice: number
  readonly cutMix: number
}

/** The class of each pixel. */
export const segmentation: TaskDefinition<
  'segmentation',
  Given<SegmentationSettings>,
  SegmentationSettings,
  Segmentation
> = {
  kind: 'task',
  name: 'segmentation',
  options: z.strictObject({
    dice: notNegative(1, 'What one minus the soft Dice coefficient weighs in the loss, beside the cross-entropy'),
    cutMix: mixingSetting('Replace a rectangle of training images, and of their masks, by that of others', 1),
  }),
  metrics: ['meanIou', 'accuracy'],
  create({ dice }, { classNames }) {
    if (classNames !== undefined) return segmentationTask({ classes: classNames, dice })
    throw new Error(
      'task=segmentation needs data whose pixels have classes: facts.classNames. Take other data, or another task.',
    )
  },
  mix: (samples, { cutMix }) => mixtures(samples, { cutMix, classes: {} }),
}
