import { expectNonNegative } from '../option-checks.ts'
import { constant, type Schedule, type ScoreWatcher } from './schedule.ts'

export interface ReduceOnPlateauOptions {
  /** The first rate. */
  learningRate: number
  /** What each reduction multiplies the rate by. */
  factor?: number
  /** How many validations in a row may bring nothing better: the next one reduces the rate. */
  patience?: number
  /** How much better a score must be to count: a share of the best one, or in `abs` mode a number. */
  threshold?: number
  thresholdMode?: 'rel' | 'abs'
  /** How many validations after a reduction count none as bad. */
  cooldown?: number
  minLearningRate?: number
  /** A reduction by no more than this is none. */
  eps?: number
}

/**
 * Multiplies the rate by `factor` when more than `patience` validations in a row brought no better score. The trainer tells it the
 * score that it monitors, and which way is better; what it has seen is part of each checkpoint. It needs validation data.
 *
 * A run that begins anew begins with the first rate. One that goes on with another score keeps its rate, and looks for a best score
 * anew; NaN counts as bad.
 *
 * @throws RangeError for options out of range
 * @see torch.optim.lr_scheduler.ReduceLROnPlateau
 * @example sgd({ learningRate: reduceOnPlateau({ learningRate: 0.1, patience: 3 }), momentum: 0.9 })
 */
export function reduceOnPlateau(options: ReduceOnPlateauOptions): Schedule {
  const { learningRate, factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = 'rel' } = options
  const { cooldown = 0, minLearningRate = 0, eps = 1e-8 } = options
  constant(learningRate) // refuses what is no rate
  expectNonNegative('reduceOnPlateau', { factor, patience, threshold, cooldown, minLearningRate, eps })
  if (factor >= 1) throw new RangeError(`reduceOnPlateau: expected a factor below 1, got ${factor}.`)
  for (const [name, value] of Object.entries({ patience, cooldown })) {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`reduceOnPlateau: expected ${name} to be a whole number of validations, got ${value}.`)
    }
  }
  const beginning = { of: '', rate: learningRate, best: null as number | null, bad: 0, cooling: 0 }
  let state = beginning

  const isBetter = (value: number, better: 'higher' | 'lower'): boolean => {
    const best = state.best ?? (better === 'lower' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY)
    if (Math.abs(best) === Number.POSITIVE_INFINITY) return better === 'lower' ? value < best : value > best
    if (thresholdMode === 'abs') return better === 'lower' ? value < best - threshold : value > best + threshold
    return better === 'lower' ? value < best * (1 - threshold) : value > best * (1 + threshold)
  }
  const watcher: ScoreWatcher = {
    name: 'reduceOnPlateau',
    reset() {
      state = beginning
    },
    observe({ of, value, better }) {
      if (state.of !== of) state = { ...state, of, best: null, bad: 0 }
      state = isBetter(value, better) ? { ...state, best: value, bad: 0 } : { ...state, bad: state.bad + 1 }
      if (state.cooling > 0) state = { ...state, cooling: state.cooling - 1, bad: 0 }
      if (state.bad <= patience) return
      const reduced = Math.max(state.rate * factor, minLearningRate)
      const rate = state.rate - reduced > eps ? reduced : state.rate
      state = { ...state, rate, bad: 0, cooling: cooldown }
    },
    state: () => ({ ...state }),
    restore({ of, rate, best, bad, cooling }) {
      const isNumber = [rate, bad, cooling].every((value) => typeof value === 'number')
      if (typeof of !== 'string' || !isNumber || !(best === null || typeof best === 'number')) {
        throw new Error(
          'reduceOnPlateau: expected the state that it saved, got another one. Resume with the schedule that the run was started with.',
        )
      }
      state = { of, best, rate: Number(rate), bad: Number(bad), cooling: Number(cooling) }
    },
  }
  return Object.assign(() => state.rate, { watchers: [watcher] })
}
