import {
  type Classification,
  classification as classificationTask,
  type Detection,
  detection as detectionTask,
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

export interface DetectionSettings {
  readonly threshold: number
  readonly sizeWeight: number
  readonly offsetWeight: number
  readonly giouWeight: number
}

/** Objects and the boxes around them. */
export const detection: TaskDefinition<'detection', Given<DetectionSettings>, DetectionSettings, Detection> = {
  kind: 'task',
  name: 'detection',
  options: z.strictObject({
    threshold: belowOne(0.3, 'From which score on an object is told and drawn; measures take all'),
    sizeWeight: notNegative(
      0.1,
      'What the error of the boxes’ sizes weighs in the loss, beside the heat map of the centres',
    ),
    offsetWeight: notNegative(1, 'What the error of the centres’ places weighs beside it'),
    giouWeight: notNegative(
      0,
      'What one minus the generalized intersection over union of the boxes weighs beside it; 0 leaves it out',
    ),
  }),
  metrics: ['AP', 'AP50'],
  create(options, { classNames }) {
    if (classNames !== undefined) return detectionTask({ classes: classNames, ...options })
    throw new Error(
      'task=detection needs data whose boxes have classes: facts.classNames. Take other data, or another task.',
    )
  },
}
