import { expectNonNegative } from '../option-checks.ts'
import type { Schedule } from './schedule.ts'

export interface ExponentialOptions {
  /** The first rate. */
  learningRate: number
  /** What each update multiplies the rate by. */
  factor: number
}

/**
 * `learningRate · factor^step`. To go from `first` to `last` in so many steps, the factor is `(last / first) ** (1 / steps)`.
 *
 * @throws RangeError for options out of range
 * @see torch.optim.lr_scheduler.ExponentialLR
 */
export function exponential({ learningRate, factor }: ExponentialOptions): Schedule {
  expectNonNegative('exponential', { learningRate, factor })
  return (step) => learningRate * factor ** step
}
