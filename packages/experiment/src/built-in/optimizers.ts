import {
  adam as adamOptimizer,
  adamW as adamWOptimizer,
  lion as lionOptimizer,
  type MuonScale,
  muon as muonOptimizer,
  rmsProp as rmsPropOptimizer,
  scaled,
  sgd as sgdOptimizer,
} from '@ddnet/optimizers'
import { z } from 'zod'
import type { Given, OptimizerDefinition } from '../definitions.ts'
import { belowOne, flag, notNegative, oneOf, positive } from '../settings/setting.ts'

const learningRate = (start: number) => positive(start, 'Learning rate; of a schedule, its highest')
const weightDecay = (start: number) => notNegative(start, 'Weight decay')

const beta1 = () =>
  belowOne(0.9, 'Decay rate of the mean of the gradients; Lion’s share of it in what the sign is taken of')
const beta2 = (start: number) =>
  belowOne(start, 'Decay rate of the mean of their squares; Lion’s of the mean of the gradients')

export interface AdamSettings {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly eps: number
  readonly weightDecay: number
}

const adamOptions = (decay: number) =>
  z.strictObject({
    learningRate: learningRate(1e-3),
    beta1: beta1(),
    beta2: beta2(0.999),
    eps: positive(1e-8, 'Added to the denominator'),
    weightDecay: weightDecay(decay),
  })

export const adam: OptimizerDefinition<'adam', Given<AdamSettings>, AdamSettings> = {
  kind: 'optimizer',
  name: 'adam',
  options: adamOptions(0),
  create: adamOptimizer,
}

export const adamW: OptimizerDefinition<'adamW', Given<AdamSettings>, AdamSettings> = {
  kind: 'optimizer',
  name: 'adamW',
  options: adamOptions(0.01),
  create: adamWOptimizer,
}

export interface SgdSettings {
  readonly learningRate: number
  readonly momentum: number
  readonly nesterov: boolean
  readonly weightDecay: number
}

export const sgd: OptimizerDefinition<'sgd', Given<SgdSettings>, SgdSettings> = {
  kind: 'optimizer',
  name: 'sgd',
  options: z.strictObject({
    // PyTorch's 1e-3 hardly learns; torchvision's recipes have this one.
    learningRate: learningRate(0.1),
    momentum: belowOne(0, 'Momentum'),
    nesterov: flag(false, 'Nesterov’s momentum'),
    weightDecay: weightDecay(0),
  }),
  create: sgdOptimizer,
}

export interface RmsPropSettings {
  readonly learningRate: number
  readonly alpha: number
  readonly eps: number
  readonly momentum: number
  readonly centered: boolean
  readonly weightDecay: number
}

export const rmsProp: OptimizerDefinition<'rmsProp', Given<RmsPropSettings>, RmsPropSettings> = {
  kind: 'optimizer',
  name: 'rmsProp',
  options: z.strictObject({
    learningRate: learningRate(0.01),
    alpha: belowOne(0.99, 'Decay rate of the mean of the squares'),
    eps: positive(1e-8, 'Added to the denominator'),
    momentum: belowOne(0, 'Momentum'),
    centered: flag(false, 'Divide by the standard deviation of the gradients: take their mean off first'),
    weightDecay: weightDecay(0),
  }),
  create: rmsPropOptimizer,
}

export interface LionSettings {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly weightDecay: number
}

export const lion: OptimizerDefinition<'lion', Given<LionSettings>, LionSettings> = {
  kind: 'optimizer',
  name: 'lion',
  options: z.strictObject({
    learningRate: learningRate(1e-4),
    beta1: beta1(),
    beta2: beta2(0.99),
    weightDecay: weightDecay(0),
  }),
  create: lionOptimizer,
}

export interface MuonSettings {
  readonly learningRate: number
  readonly momentum: number
  readonly nesterov: boolean
  readonly scale: MuonScale
  readonly othersShare: number
  readonly weightDecay: number
}

export const muon: OptimizerDefinition<'muon', Given<MuonSettings>, MuonSettings> = {
  kind: 'optimizer',
  name: 'muon',
  options: z.strictObject({
    // Its author's; PyTorch's 1e-3 is AdamW's, for the scale matchRmsAdamW.
    learningRate: learningRate(0.02),
    momentum: belowOne(0.95, 'Momentum'),
    nesterov: flag(true, 'Nesterov’s momentum'),
    scale: oneOf(['original', 'matchRmsAdamW', 'none'], 'original', 'How large an update of a matrix is'),
    othersShare: positive(
      0.015,
      'What AdamW trains biases and norms at, as a share of the learning rate; 1 goes with scale=matchRmsAdamW',
    ),
    weightDecay: weightDecay(0),
  }),
  create: ({ othersShare, ...options }) =>
    muonOptimizer({
      ...options,
      others: (rate) => adamWOptimizer({ learningRate: scaled(rate, othersShare), weightDecay: options.weightDecay }),
    }),
}
