import type { MetricsRecord } from '@ddnet/experiment'
import type { StepEvent, ValidationEvent } from '@ddnet/trainer'
import type { PageSettings } from './settings.ts'

/** What the run computes on. */
export interface RunningBackend {
  readonly name: string
  readonly device: string
}

/** What lives in the worker after a step. */
export interface Memory {
  readonly tensors: number
  readonly bytes: number
}

/** A run as the page saves it. */
export interface SavedRun {
  readonly settings: PageSettings
  readonly backend: RunningBackend & { readonly dispatches?: number }
  /** Of a run that goes on: its validations, or epochs, before this page had it. */
  readonly earlier: readonly MetricsRecord[]
  readonly steps: readonly (StepEvent & { readonly memory: Memory })[]
  readonly validations: readonly ValidationEvent[]
}
