import type { Profile } from '@ddnet/trainer'
import type { Config } from '../config/schema.ts'
import type { BackendDescription } from './describe-backend.ts'
import type { MeasuredRun } from './measure-steps.ts'

// What a process asks another one that runs a backend, and what that answers.

export type Question =
  | { readonly ask: 'describe' | 'convolutionGflops' | 'peakMemory' }
  | { readonly ask: 'trainingStep'; readonly config: Config; readonly steps: number }
  | { readonly ask: 'step' | 'forward' | 'profile'; readonly run: MeasuredRun; readonly times: number }

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
