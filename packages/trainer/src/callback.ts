import type { EndEvent, EpochEvent, StartEvent, StepEvent, ValidationEvent } from './events.ts'
import type { MetricValue } from './scores.ts'
import type { Json, Snapshot } from './snapshot.ts'

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
  /** A score as people read it, in the way of the measure of that name: `format('accuracy', 0.875)` is `87.5%`. */
  format(score: string, value: MetricValue): string
}

/**
 * What happens beside the training: progress lines, logs, checkpoints. Handlers are awaited one after the other, in the
 * order of the list, so that events never overlap and their steps never decrease. Those with a `state` come first, so that
 * a checkpoint holds what they learned of the same event.
 *
 * `onStep` comes up to `lag` steps after the step itself, so that the device need not wait for the host.
 */
export interface Callback {
  /** Names it in errors, and its state in snapshots. */
  readonly name?: string
  /** True for the steps after which `onStep` must see the model as that step left it. Asked once after every step. */
  needsState?(step: number): boolean
  /** What it must remember over a resume; needs a `name`. */
  state?(): Json
  /** Before a snapshot is taken: what it tells elsewhere is on the disk afterwards, as the checkpoint will be that speaks of it. */
  flush?(): void | Promise<void>
  /** Before `onStart` of a resumed run: what `state` gave. */
  restore?(state: Json): void
  onStart?(event: StartEvent, control: Control): void | Promise<void>
  onStep?(event: StepEvent, control: Control): void | Promise<void>
  onValidation?(event: ValidationEvent, control: Control): void | Promise<void>
  onEpoch?(event: EpochEvent, control: Control): void | Promise<void>
  onEnd?(event: EndEvent, control: Control): void | Promise<void>
}
