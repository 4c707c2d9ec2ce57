import type { Summary } from '@ddnet/layers'
import type { StepEvent, ValidationEvent } from '@ddnet/trainer'
import type { Memory, RunningBackend } from './run-record.ts'
import type { Settings } from './settings.ts'

/** What the page tells the worker. */
export type Command =
  | { readonly kind: 'start'; readonly settings: Settings; readonly dataUrl: string }
  | { readonly kind: 'train' | 'pause' | 'step' | 'reset' | 'save' }
  | { readonly kind: 'open'; readonly files: readonly NamedFile[] }
  /** A report was shown: the worker may send another. */
  | { readonly kind: 'shown' }

export interface NamedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Images of a batch as the page draws them. */
export interface Pictures {
  readonly width: number
  readonly height: number
  /** RGBA of one image after another. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
  /** A class name an image. */
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
      readonly settings: Settings
      readonly step: number
      readonly summary: Summary
      readonly validationImages: number
    }
  | { readonly kind: 'pictures'; readonly pictures: Pictures }
  | { readonly kind: 'training' }
  | {
      readonly kind: 'step'
      readonly event: StepEvent
      readonly memory: Memory
      readonly dispatches?: number | undefined
    }
  | { readonly kind: 'validation'; readonly event: ValidationEvent }
  | { readonly kind: 'paused'; readonly step: number }
  | { readonly kind: 'done' }
  /** The device is gone; training goes on after `step` on a new one. */
  | { readonly kind: 'lost'; readonly message: string; readonly step: number }
  /** A run folder as a tar file. */
  | { readonly kind: 'checkpoint'; readonly step: number; readonly tar: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'refused'; readonly title: string; readonly message: string }
  | { readonly kind: 'failed'; readonly title: string; readonly message: string }
