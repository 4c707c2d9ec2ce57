import type { DataFacts, FlatSettings } from '@ddnet/experiment'
import type { Profile } from '@ddnet/trainer'
import type { BackendDescription } from './describe-backend.ts'

// What a process asks another one that runs a backend, and what that answers.

/** A run as it can be sent: its settings by path. */
export interface SentRun {
  readonly settings: FlatSettings
  readonly facts: DataFacts
}

export type Question =
  | { readonly ask: 'describe' | 'convolutionGflops' | 'peakMemory' }
  | { readonly ask: 'trainingStep'; readonly run: SentRun; readonly steps: number }
  | { readonly ask: 'step' | 'forward' | 'profile'; readonly run: SentRun; readonly times: number }

export interface Answers {
  readonly describe: BackendDescription
  readonly convolutionGflops: number
  readonly peakMemory: number
  readonly trainingStep: number
  readonly step: number
  readonly forward: number
  readonly profile: Profile
}

export type Reply =
  | { readonly value: Answers[keyof Answers] }
  | { readonly error: { readonly name: string; readonly message: string; readonly stack: string | undefined } }
