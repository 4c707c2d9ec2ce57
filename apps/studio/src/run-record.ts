import type { StepEvent, ValidationEvent } from '@ddnet/trainer'
import type { Settings } from './settings.ts'

/** A run as the page saves it. */
export interface RunRecord {
  readonly settings: Settings
  readonly backend: { readonly name: string; readonly device: string; readonly dispatches?: number }
  readonly steps: readonly StepEvent[]
  readonly validations: readonly ValidationEvent[]
}

/** Puts the record behind a download link. */
export function offerRecord(link: HTMLAnchorElement, record: RunRecord): void {
  if (link.href.startsWith('blob:')) URL.revokeObjectURL(link.href)
  link.href = URL.createObjectURL(new Blob([JSON.stringify(record, null, 2)], { type: 'application/json' }))
  link.hidden = false
}
