import { expectCount, expectNonNegative } from '../option-checks.ts'
import type { Schedule } from './schedule.ts'

export interface StepDecayOptions {
  /** The first rate. */
  learningRate: number
  /** Updates between two drops. */
  every: number
  factor?: number
}

/**
 * A staircase: `learningRate · factor^⌊step / every⌋`.
 *
 * @throws RangeError for options out of range
 * @see torch.optim.lr_scheduler.StepLR
 */
export function stepDecay({ learningRate, every, factor = 0.1 }: StepDecayOptions): Schedule {
  expectCount('stepDecay', { every })
  expectNonNegative('stepDecay', { learningRate, factor })
  return (step) => learningRate * factor ** Math.floor(step / every)
}
