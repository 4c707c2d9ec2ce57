import { adam as adamOptimizer, adamW as adamWOptimizer, sgd as sgdOptimizer } from '@ddnet/optimizers'
import { z } from 'zod'
import type { Given, OptimizerDefinition } from '../definitions.ts'
import { belowOne, flag, notNegative, positive } from '../settings/setting.ts'

const learningRate = (start: number) => positive(start, 'Learning rate; of a schedule, its highest')
const weightDecay = (start: number) => notNegative(start, 'Weight decay')

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
    beta1: belowOne(0.9, 'Decay rate of the mean of the gradients'),
    beta2: belowOne(0.999, 'Decay rate of the mean of their squares'),
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
