import {
  constant as constantSchedule,
  cosine as cosineSchedule,
  oneCycle as oneCycleSchedule,
  stepDecay as stepDecaySchedule,
} from '@ddnet/optimizers'
import { z } from 'zod'
import type { Given, ScheduleDefinition } from '../definitions.ts'
import { count, notNegative, positive, share } from '../settings/setting.ts'

export interface OneCycleSettings {
  readonly pctStart: number
  readonly divFactor: number
  readonly finalDivFactor: number
}

export const oneCycle: ScheduleDefinition<'oneCycle', Given<OneCycleSettings>, OneCycleSettings> = {
  kind: 'schedule',
  name: 'oneCycle',
  options: z.strictObject({
    pctStart: share(0.3, 'Share of the steps in which the rate rises'),
    divFactor: positive(25, 'The first rate is the highest divided by this'),
    finalDivFactor: positive(1e4, 'The last rate is the first divided by this'),
  }),
  create: (options, { learningRate, steps }) => oneCycleSchedule({ maxLearningRate: learningRate, steps, ...options }),
}

export const constant: ScheduleDefinition<'constant', object, object> = {
  kind: 'schedule',
  name: 'constant',
  options: z.strictObject({}),
  create: (_, { learningRate }) => constantSchedule(learningRate),
}

export interface CosineSettings {
  readonly minimum: number
}

export const cosine: ScheduleDefinition<'cosine', Given<CosineSettings>, CosineSettings> = {
  kind: 'schedule',
  name: 'cosine',
  options: z.strictObject({ minimum: notNegative(0, 'The last rate') }),
  create: ({ minimum }, { learningRate, steps }) => cosineSchedule({ learningRate, steps, minLearningRate: minimum }),
}

export interface StepDecaySettings {
  readonly every: number
  readonly factor: number
}

export const stepDecay: ScheduleDefinition<'stepDecay', Given<StepDecaySettings>, StepDecaySettings> = {
  kind: 'schedule',
  name: 'stepDecay',
  options: z.strictObject({
    every: count(1000, 'Steps between two drops of the rate'),
    factor: share(0.1, 'What each drop multiplies the rate by'),
  }),
  create: ({ every, factor }, { learningRate }) => stepDecaySchedule({ learningRate, every, factor }),
}
