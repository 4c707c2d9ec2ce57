import { expectCount, expectNonNegative } from '../option-checks.ts'
import type { Schedule } from './schedule.ts'

export interface MultiStepOptions {
  /** The first rate. */
  learningRate: number
  /** The updates, counted from 0, that are the first of a lower rate; one that is there twice lowers it twice. */
  milestones: readonly number[]
  factor?: number
}

/**
 * A staircase with steps of your own: the rate is multiplied by `factor` at each milestone.
 *
 * @throws RangeError for options out of range
 * @see torch.optim.lr_scheduler.MultiStepLR
 * @example multiStep({ learningRate: 0.1, milestones: [32_000, 48_000] }) // He et al.'s ResNets on CIFAR-10
 */
export function multiStep({ learningRate, milestones, factor = 0.1 }: MultiStepOptions): Schedule {
  expectNonNegative('multiStep', { learningRate, factor })
  expectCount(
    'multiStep',
    Object.fromEntries(milestones.map((milestone, index) => [`milestones[${index}]`, milestone])),
  )
  const drops = [...milestones]
  return (step) => learningRate * factor ** drops.filter((milestone) => milestone <= step).length
}
