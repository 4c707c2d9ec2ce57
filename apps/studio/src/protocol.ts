import type { MetricsRecord } from '@ddnet/experiment'
import type { Summary } from '@ddnet/layers'
import type { NamedFile, StepEvent, ValidationEvent } from '@ddnet/trainer'
import type { Memory, RunningBackend } from './run-record.ts'
import type { PageSettings } from './settings.ts'

/** What the page tells the worker. */
export type Command =
  | { readonly kind: 'start'; readonly settings: PageSettings; readonly pageUrl: string }
  | { readonly kind: 'train' | 'pause' | 'step' | 'reset' | 'save' | 'goOn' }
  | { readonly kind: 'open'; readonly files: readonly NamedFile[] }
  /** A report was shown: the worker may send another. */
  | { readonly kind: 'shown' }

/** What a validation measures besides the loss, as the page shows it. */
export interface ShownScore {
  /** In an event: `accuracy`. */
  readonly name: string
  readonly title: string
  /** Whether it is a share, which axes show as percent. */
  readonly percent: boolean
  /** What it is measured in, where it is no share: `dB`. */
  readonly unit?: string
}

/** Images of a batch as the page draws them. */
export interface Pictures {
  readonly width: number
  readonly height: number
  /** RGBA of one image after another. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
  /** A class name an image; empty where there are no classes. */
  readonly labels: readonly string[]
  readonly title: string
}

/** What the worker tells the page. */
export type Report =
  | { readonly kind: 'backend'; readonly backend: RunningBackend; readonly reason: string }
  | { readonly kind: 'loading'; readonly receivedBytes: number; readonly totalBytes: number }
  | { readonly kind: 'compiling'; readonly done: number; readonly total: number }
  /** There is a model, new or from a checkpoint after `step`. */
  | {
      readonly kind: 'ready'
      readonly settings: PageSettings
      readonly step: number
      readonly summary: Summary
      readonly validationImages: number
      /** What the model and its data are called. */
      readonly model: string
      readonly data: string
      readonly score?: ShownScore
      /** The curve so far of a run that goes on, and its newest score as people read it. */
      readonly earlier: readonly MetricsRecord[]
      readonly text?: string
    }
  | { readonly kind: 'pictures'; readonly pictures: Pictures }
  | { readonly kind: 'training' }
  | {
      readonly kind: 'step'
      readonly event: StepEvent
      readonly memory: Memory
      readonly dispatches?: number | undefined
    }
  /** With its score as people read it. */
  | { readonly kind: 'validation'; readonly event: ValidationEvent; readonly text: string }
  | { readonly kind: 'paused'; readonly step: number }
  | { readonly kind: 'done' }
  /** A run was left here, after `step` of `steps`. */
  | { readonly kind: 'kept'; readonly step: number; readonly steps: number }
  /** The device is gone; training goes on after `step` on a new one. */
  | { readonly kind: 'lost'; readonly message: string; readonly step: number }
  /** A run folder as a tar file. */
  | { readonly kind: 'checkpoint'; readonly step: number; readonly tar: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'refused'; readonly title: string; readonly message: string }
  | { readonly kind: 'failed'; readonly title: string; readonly message: string }
