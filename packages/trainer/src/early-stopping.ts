import type { Callback, Control } from './callback.ts'
import type { Monitored } from './scores.ts'

export interface EarlyStoppingOptions {
  /** How many validations in a row may bring nothing better. */
  readonly patience?: number
  /** A change smaller than this does not count as better. */
  readonly minDelta?: number
}

interface State {
  /** Which score. */
  readonly of: string
  readonly best: number | null
  readonly step: number
  readonly waited: number
}

/**
 * Ends the run when `patience` validations in a row brought no better value of the score that the trainer monitors; NaN does not
 * count as better. What it has seen is part of each checkpoint, so that a resumed run stops where an unbroken one would, and one
 * that it has ended trains no further. A run that goes on with another score begins to wait anew.
 *
 * @throws RangeError for options out of range
 * @example new Trainer({ …, monitor: 'accuracy', callbacks: [earlyStopping({ patience: 5, minDelta: 0.001 })] })
 */
export function earlyStopping({ patience = 3, minDelta = 0 }: EarlyStoppingOptions = {}): Callback {
  if (!Number.isSafeInteger(patience) || patience < 1) {
    throw new RangeError(`earlyStopping: expected patience to be a whole number of at least 1, got ${patience}.`)
  }
  if (!(minDelta >= 0 && Number.isFinite(minDelta))) {
    throw new RangeError(`earlyStopping: expected minDelta of at least 0, got ${minDelta}.`)
  }
  const beginning: State = { of: '', best: null, step: 0, waited: 0 }
  let state = beginning
  const isBetter = ({ value, better }: Monitored): boolean => {
    if (state.best === null) return !Number.isNaN(value)
    const gain = better === 'lower' ? state.best - value : value - state.best
    return gain > 0 && gain >= minDelta
  }
  const stopIfEnough = (control: Control): void => {
    const { of, best, step, waited } = state
    if (waited < patience) return
    const found = best === null ? 'no number' : `nothing better than ${best} of step ${step}`
    control.stop(`Early stopping: ${waited} validations brought ${found} for the score '${of}'.`)
  }
  return {
    name: 'earlyStopping',
    state: () => ({ ...state }),
    restore(saved) {
      state = saved as unknown as State // as `state` gave it
    },
    onStart({ startStep }, control) {
      if (startStep === 0) state = beginning
      stopIfEnough(control) // the run that is resumed had already stopped
    },
    onValidation({ step, monitored }, control) {
      if (state.of !== monitored.name) state = { ...beginning, of: monitored.name }
      if (isBetter(monitored)) {
        state = { of: monitored.name, best: monitored.value, step, waited: 0 }
        return
      }
      state = { ...state, waited: state.waited + 1 }
      stopIfEnough(control)
    },
  }
}
