import type { EndEvent, EpochEvent, StartEvent, StepEvent, ValidationEvent } from './events.ts'
import type { Snapshot } from './snapshot.ts'

/** What a callback may do to the run. */
export interface Control {
  /**
   * Ends the run: the step or the validation batch under way is finished, and `onEnd` still runs, with reason 'stopped'.
   * A validation that was cut short is done again by the run that resumes this one.
   */
  stop(message?: string): void
  /**
   * All that is needed to continue exactly after `event.step`.
   *
   * @throws Error in an `onStep` that `needsState` did not announce: the model is then some steps ahead of the event
   */
  snapshot(): Promise<Snapshot>
}

/**
 * What happens beside the training: progress lines, logs, checkpoints. Handlers are awaited one after the other, in the
 * order of the list, so that events never overlap and their steps never decrease.
 *
 * `onStep` comes up to `lag` steps after the step itself, so that the device need not wait for the host.
 */
export interface Callback {
  /** True for the steps after which `onStep` must see the model as that step left it. Asked once after every step. */
  needsState?(step: number): boolean
  onStart?(event: StartEvent, control: Control): void | Promise<void>
  onStep?(event: StepEvent, control: Control): void | Promise<void>
  onValidation?(event: ValidationEvent, control: Control): void | Promise<void>
  onEpoch?(event: EpochEvent, control: Control): void | Promise<void>
  onEnd?(event: EndEvent, control: Control): void | Promise<void>
}
