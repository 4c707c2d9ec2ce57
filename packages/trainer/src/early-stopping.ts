import type { Callback, Control } from './callback.ts'

export interface EarlyStoppingOptions {
  /** The validation score to watch: `loss` is best when lowest, every other when highest. */
  readonly score?: string
  /** How many validations in a row may bring nothing better. */
  readonly patience?: number
  /** A change smaller than this is nothing better. */
  readonly minChange?: number
}

interface State {
  readonly best: number | null
  readonly step: number
  readonly waited: number
}

/**
 * Ends the run when `patience` validations in a row brought no better score; a score that is NaN is not better. What it
 * has seen is part of each checkpoint, so that a resumed run stops where an unbroken one would, and one that it has ended
 * trains no further.
 *
 * @throws RangeError for options out of range; Error at the first validation that lacks the score
 * @example earlyStopping({ score: 'accuracy', patience: 5, minChange: 0.001 })
 */
export function earlyStopping({ score = 'loss', patience = 3, minChange = 0 }: EarlyStoppingOptions = {}): Callback {
  if (!Number.isSafeInteger(patience) || patience < 1) {
    throw new RangeError(`earlyStopping: expected patience to be a whole number of at least 1, got ${patience}.`)
  }
  if (!(minChange >= 0 && Number.isFinite(minChange))) {
    throw new RangeError(`earlyStopping: expected minChange of at least 0, got ${minChange}.`)
  }
  let { best, step, waited }: State = { best: null, step: 0, waited: 0 }
  const better = (value: number): boolean => {
    if (best === null) return !Number.isNaN(value)
    const gain = score === 'loss' ? best - value : value - best
    return gain > 0 && gain >= minChange
  }
  const stopIfEnough = (control: Control): void => {
    if (waited < patience) return
    const found = best === null ? 'no number' : `nothing better than ${best} of step ${step}`
    control.stop(`Early stopping: ${waited} validations brought ${found} for the score '${score}'.`)
  }
  return {
    name: `earlyStopping(${score})`,
    state: () => ({ best, step, waited }),
    restore(state) {
      ;({ best, step, waited } = state as unknown as State) // as `state` gave it
    },
    onStart({ startStep }, control) {
      if (startStep === 0) ({ best, step, waited } = { best: null, step: 0, waited: 0 })
      stopIfEnough(control) // the run that is resumed had already stopped
    },
    onValidation({ step: now, validation }, control) {
      const value = validation[score]
      if (typeof value !== 'number') {
        throw new Error(
          `earlyStopping: the validation has no number '${score}'. Its scores are ${Object.keys(validation).join(', ')}.`,
        )
      }
      if (better(value)) {
        best = value
        step = now
        waited = 0
        return
      }
      waited++
      stopIfEnough(control)
    },
  }
}
