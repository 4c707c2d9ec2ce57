import type { Key } from '@ddnet/ops'
import type { EpochEvent, StepEvent, ValidationEvent } from './events.ts'
import type { TrainingData } from './options.ts'
import type { Snapshot } from './snapshot.ts'

/** How long to train: exactly one of `epochs` and `steps`, counted from the beginning of the run, resumed or not. */
export type Duration =
  | { readonly epochs: number; readonly steps?: never }
  | { readonly steps: number; readonly epochs?: never }

export type FitOptions<B> = Duration & {
  /** What to train on, where it is not the trainer's own `data`. */
  readonly data?: TrainingData<B>
  /** Validate after every so many steps (default: at the end of every epoch), and after the last step; where there is validation data. */
  readonly validateEvery?: number
  /** Randomness of the model (dropout): step `n` gets `key.fold(n)`. Default: `random.key(0)`. */
  readonly key?: Key
  /** Continue from here: `resume: await loadCheckpoint(folder)`. */
  readonly resume?: Snapshot
  /**
   * How many steps the host may run ahead of the losses it has read (default 2).
   * With 0 every step waits for the device.
   */
  readonly lag?: number
  /** When aborted, the run finishes its step and ends as by `control.stop`: with reason 'stopped', and `onEnd`. */
  readonly signal?: AbortSignal
  /** The time limit of this call: the step in which it is reached is the last. Ends as by `control.stop`. */
  readonly maxSeconds?: number
}

/** What happened in the run, in order. */
export interface History {
  /** The newest 10,000 steps; a logger has all of them. */
  readonly steps: readonly StepEvent[]
  readonly validations: readonly ValidationEvent[]
  readonly epochs: readonly EpochEvent[]
}

/** A run that diverges is not a result: `fit` rejects with a `DivergedError`, after `onEnd`. */
export interface FitResult {
  readonly history: History
  readonly reason: 'done' | 'stopped'
  /** Why it was stopped, as `onEnd` was told. */
  readonly message?: string
}
