import type { HostTensor } from '@ddnet/ops'

/** Any value that survives `JSON.parse(JSON.stringify(value))`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A training run between two steps, on the host: what a checkpoint holds. */
export interface Snapshot {
  /** Completed steps. */
  readonly step: number
  /** Completed epochs plus one: the epoch that the next step belongs to. */
  readonly epoch: number
  /** The model's `stateDict()`: PyTorch's names and layouts. */
  readonly model: Readonly<Record<string, HostTensor>>
  /** The optimizer's state: its tensors by name, and its step count. */
  readonly optimizer: { readonly step: number; readonly tensors: Readonly<Record<string, HostTensor>> }
  /** The loader's `state()`. */
  readonly loader: Json
  /** The words of the key that `fit` was given. */
  readonly key: { readonly high: number; readonly low: number }
  /** Training loss and metrics so far, since the last validation and in this epoch. */
  readonly running: Json
}
