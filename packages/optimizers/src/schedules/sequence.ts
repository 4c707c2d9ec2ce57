import { expectCount, expectNonNegative } from '../option-checks.ts'
import { linearSchedule } from './linear-schedule.ts'
import { asSchedule, composed, type Schedule } from './schedule.ts'

/**
 * Schedules one after the other: the first until update `milestones[0]`, the second from it on, and so on. Each counts its own
 * updates from 0.
 *
 * @throws RangeError unless there is one milestone between two schedules each, whole numbers above 0 that rise
 * @see torch.optim.lr_scheduler.SequentialLR
 * @example sequence([constant(0.1), exponential({ learningRate: 0.1, factor: 0.99 })], [500])
 */
export function sequence(schedules: readonly Schedule[], milestones: readonly number[]): Schedule {
  if (schedules.length === 0 || milestones.length !== schedules.length - 1) {
    throw new RangeError(
      `sequence: expected a milestone between each two schedules, got ${schedules.length} schedules and ${milestones.length} milestones.`,
    )
  }
  const isRising = milestones.every(
    (milestone, index) => Number.isSafeInteger(milestone) && milestone > (milestones[index - 1] ?? 0),
  )
  if (!isRising) {
    throw new RangeError(
      `sequence: expected milestones to be whole numbers of updates above 0, each larger than the one before, got [${milestones.join(', ')}].`,
    )
  }
  const [parts, starts] = [[...schedules], [0, ...milestones]]
  return composed(parts, (step) => {
    const index = Math.max(
      0,
      starts.findLastIndex((start) => start <= step),
    )
    return (parts[index] as Schedule)(step - (starts[index] as number))
  })
}

export interface WarmUpOptions {
  /** Updates until the schedule begins; 0 is no warm-up. */
  steps: number
  /** What comes then; it counts its own updates from 0. A number is a constant rate. */
  schedule: number | Schedule
  /** The first rate is that of the schedule's beginning times this. */
  startFactor?: number
}

/**
 * Warm-up: the rate rises in a straight line to the first one of `schedule`, which follows.
 *
 * @throws RangeError for options out of range
 * @see Goyal et al. 2017, "Accurate, large minibatch SGD"; torch.optim.lr_scheduler.SequentialLR of LinearLR and another
 * @example warmUp({ steps: 500, schedule: cosine({ learningRate: 1e-3, steps: steps - 500 }) })
 */
export function warmUp({ steps, schedule, startFactor = 0.01 }: WarmUpOptions): Schedule {
  expectNonNegative('warmUp', { startFactor })
  const main = asSchedule(schedule)
  if (steps === 0) return main
  expectCount('warmUp', { steps })
  const rise = linearSchedule({ learningRate: 1, steps, startFactor })
  // The schedule is asked anew each time: what it follows may have lowered it meanwhile.
  return sequence([composed([main], (step) => main(0) * rise(step)), main], [steps])
}
