import {
  constant as constantSchedule,
  cosine as cosineSchedule,
  cosineWarmRestarts as cosineWarmRestartsSchedule,
  exponential as exponentialSchedule,
  linearSchedule,
  multiStep as multiStepSchedule,
  oneCycle as oneCycleSchedule,
  reduceOnPlateau as reduceOnPlateauSchedule,
  type Schedule,
  stepDecay as stepDecaySchedule,
  warmUp as warmUpSchedule,
} from '@ddnet/optimizers'
import { z } from 'zod'
import type { Given, ScheduleDefinition } from '../definitions.ts'
import { belowOne, count, notNegative, positive, setting, share } from '../settings/setting.ts'

const warmUp = setting(
  z.int().min(0).default(0),
  'a whole number of at least 0',
  500,
  'Steps in which the rate rises in a straight line to that with which the schedule then begins',
  { before: 0 },
)

/** `schedule` of the steps behind its warm-up. */
const warmedUp = (warmUpSteps: number, steps: number, schedule: (steps: number) => Schedule): Schedule =>
  warmUpSchedule({ steps: warmUpSteps, schedule: schedule(Math.max(1, steps - warmUpSteps)) })

const minimum = notNegative(0, 'The lowest rate')
const dropAbout = 'What each drop multiplies the rate by'
const factor = share(0.1, dropAbout)

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

export interface WarmUpSettings {
  readonly warmUp: number
}

export const constant: ScheduleDefinition<'constant', Given<WarmUpSettings>, WarmUpSettings> = {
  kind: 'schedule',
  name: 'constant',
  options: z.strictObject({ warmUp }),
  create: ({ warmUp }, { learningRate, steps }) => warmedUp(warmUp, steps, () => constantSchedule(learningRate)),
}

export interface CosineSettings extends WarmUpSettings {
  readonly minimum: number
}

export const cosine: ScheduleDefinition<'cosine', Given<CosineSettings>, CosineSettings> = {
  kind: 'schedule',
  name: 'cosine',
  options: z.strictObject({ warmUp, minimum }),
  create: ({ warmUp, minimum }, { learningRate, ...run }) =>
    warmedUp(warmUp, run.steps, (steps) => cosineSchedule({ learningRate, steps, minLearningRate: minimum })),
}

export interface StepDecaySettings extends WarmUpSettings {
  readonly every: number
  readonly factor: number
}

export const stepDecay: ScheduleDefinition<'stepDecay', Given<StepDecaySettings>, StepDecaySettings> = {
  kind: 'schedule',
  name: 'stepDecay',
  options: z.strictObject({
    warmUp,
    every: count(1000, 'Steps between two drops of the rate'),
    factor,
  }),
  create: ({ warmUp, every, factor }, { learningRate, steps }) =>
    warmedUp(warmUp, steps, () => stepDecaySchedule({ learningRate, every, factor })),
}

export interface LinearSettings extends WarmUpSettings {
  readonly minimum: number
}

export const linear: ScheduleDefinition<'linear', Given<LinearSettings>, LinearSettings> = {
  kind: 'schedule',
  name: 'linear',
  options: z.strictObject({ warmUp, minimum }),
  create: ({ warmUp, minimum }, { learningRate, ...run }) =>
    warmedUp(warmUp, run.steps, (steps) =>
      linearSchedule({ learningRate, steps, startFactor: 1, endFactor: minimum / learningRate }),
    ),
}

export interface ExponentialSettings extends WarmUpSettings {
  readonly gamma: number
}

export const exponential: ScheduleDefinition<'exponential', Given<ExponentialSettings>, ExponentialSettings> = {
  kind: 'schedule',
  name: 'exponential',
  options: z.strictObject({ warmUp, gamma: share(0.999, 'What each step multiplies the rate by') }),
  create: ({ warmUp, gamma }, { learningRate, steps }) =>
    warmedUp(warmUp, steps, () => exponentialSchedule({ learningRate, factor: gamma })),
}

export interface MultiStepSettings extends WarmUpSettings {
  readonly milestones: readonly number[]
  readonly factor: number
}

const rising = (shares: readonly number[]): boolean =>
  shares.every((share, index) => share > (shares[index - 1] ?? 0) && share < 1)

export const multiStep: ScheduleDefinition<'multiStep', Given<MultiStepSettings>, MultiStepSettings> = {
  kind: 'schedule',
  name: 'multiStep',
  options: z.strictObject({
    warmUp,
    milestones: setting(
      z.array(z.number()).refine(rising).readonly().default([0.5, 0.75]),
      'a list of numbers above 0 and below 1 that rise',
      [0.5, 0.75],
      'When the rate drops, as shares of the run’s steps behind the warm-up',
    ),
    factor,
  }),
  create: ({ warmUp, milestones, factor }, { learningRate, ...run }) =>
    warmedUp(warmUp, run.steps, (steps) =>
      multiStepSchedule({
        learningRate,
        milestones: milestones.map((share) => Math.max(1, Math.round(share * steps))),
        factor,
      }),
    ),
}

export interface CosineWarmRestartsSettings extends WarmUpSettings {
  readonly firstCycle: number
  readonly tMult: number
  readonly minimum: number
}

export const cosineWarmRestarts: ScheduleDefinition<
  'cosineWarmRestarts',
  Given<CosineWarmRestartsSettings>,
  CosineWarmRestartsSettings
> = {
  kind: 'schedule',
  name: 'cosineWarmRestarts',
  options: z.strictObject({
    warmUp,
    firstCycle: count(1000, 'Steps of the first cycle, each of which begins with the highest rate'),
    tMult: count(2, 'How many times longer each cycle is than the one before'),
    minimum,
  }),
  create: ({ warmUp, firstCycle, tMult, minimum }, { learningRate, steps }) =>
    warmedUp(warmUp, steps, () =>
      cosineWarmRestartsSchedule({ learningRate, steps: firstCycle, tMult, minLearningRate: minimum }),
    ),
}

export interface ReduceOnPlateauSettings extends WarmUpSettings {
  readonly patience: number
  readonly factor: number
  readonly threshold: number
  readonly cooldown: number
  readonly minimum: number
}

const validations = (start: number, about: string) =>
  setting(z.int().min(0).default(start), 'a whole number of at least 0', start, about)

export const reduceOnPlateau: ScheduleDefinition<
  'reduceOnPlateau',
  Given<ReduceOnPlateauSettings>,
  ReduceOnPlateauSettings
> = {
  kind: 'schedule',
  name: 'reduceOnPlateau',
  options: z.strictObject({
    warmUp,
    patience: validations(
      3,
      'How many validations in a row may bring no better score, of the one that monitor names: the next one drops the rate',
    ),
    factor: belowOne(0.1, dropAbout),
    threshold: notNegative(1e-4, 'How much better a score must be to count, as a share of the best one'),
    cooldown: validations(0, 'How many validations after a drop count none as bad'),
    minimum,
  }),
  create: ({ warmUp, minimum, ...options }, { learningRate, steps }) =>
    warmedUp(warmUp, steps, () => reduceOnPlateauSchedule({ learningRate, minLearningRate: minimum, ...options })),
}
