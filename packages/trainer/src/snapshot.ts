import type { LoaderState } from '@ddnet/datasets'
import type { HostTensor } from '@ddnet/ops'

/** Any value that survives `JSON.parse(JSON.stringify(value))`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What was already done after a step: its event, then the validation that is due, then the end of the epoch. */
export type Phase = 'step' | 'validation' | 'epoch'

/** A training run between two steps, on the host: what a checkpoint holds. */
export interface Snapshot {
  /** Completed steps. */
  readonly step: number
  /** The last phase of that step that was done; a resumed run does the others first. */
  readonly phase: Phase
  /** The model's `stateDict()`: PyTorch's names and layouts. Its weights are the averaged ones, where the optimizer averages. */
  readonly model: Readonly<Record<string, HostTensor>>
  /**
   * The optimizer's state: its tensors by name, and its step count; with several optimizers, that of each.
   * Where it averages weights, `trained.NAME` are those that training goes on with.
   */
  readonly optimizer: {
    readonly step: number
    readonly steps?: Readonly<Record<string, number>>
    readonly tensors: Readonly<Record<string, HostTensor>>
  }
  /** Where the loader stands. */
  readonly loader: LoaderState
  /** The key that `fit` was given. */
  readonly key: { readonly high: number; readonly low: number }
  /** Training loss and metrics so far, since the last validation and in this epoch. */
  readonly running: Json
  /** What callbacks remember, by their names. */
  readonly callbacks?: Readonly<Record<string, Json>>
}
