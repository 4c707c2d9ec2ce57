import { expectCount, expectNonNegative } from '../option-checks.ts'
import type { Schedule } from './schedule.ts'

export interface LinearScheduleOptions {
  /** What the factors multiply. */
  learningRate: number
  /** Updates until the last rate, which stays from then on. */
  steps: number
  /** The first rate is `learningRate · startFactor`. */
  startFactor?: number
  /** The last rate is `learningRate · endFactor`. */
  endFactor?: number
}

/**
 * A straight line from `learningRate · startFactor` to `learningRate · endFactor`, which update `steps` has and all later ones.
 * With the defaults it rises; `startFactor: 1, endFactor: 0` falls to 0.
 *
 * @throws RangeError for options out of range
 * @see torch.optim.lr_scheduler.LinearLR
 * @example linearSchedule({ learningRate: 1e-3, steps, startFactor: 1, endFactor: 0 })
 */
export function linearSchedule({
  learningRate,
  steps,
  startFactor = 1 / 3,
  endFactor = 1,
}: LinearScheduleOptions): Schedule {
  expectCount('linearSchedule', { steps })
  expectNonNegative('linearSchedule', { learningRate, startFactor, endFactor })
  return (step) => learningRate * (startFactor + ((endFactor - startFactor) * Math.min(step, steps)) / steps)
}
