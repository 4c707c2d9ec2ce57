import type { Loader } from '@ddnet/datasets'
import type { Key } from '@ddnet/ops'
import type { Divergence } from './find-divergence.ts'
import type { MeasuredBatch, Suspect } from './read-batch.ts'
import type { Running } from './running.ts'
import type { Snapshot } from './snapshot.ts'

/** What is being computed, for the profiler. */
export type ProfilePhase = 'forward' | 'backward' | 'update'

/** What the loop of `fit` drives: it learns from batches, and can be measured, saved and gone on with. */
export interface Learner<B> {
  /** How many batches make a step; the last step of an epoch takes those that are left. */
  readonly batchesPerStep: number
  readonly phase: ProfilePhase
  /** Why there is no validation, where there is none. */
  readonly unmeasurable: string | undefined
  /** That of the coming update. */
  learningRate(): number
  /** That of the last update. */
  lastLearningRate(): number
  /** Computes one batch of a step. It owns the batch, and disposes it. */
  learn(batch: B, key: Key): Promise<MeasuredBatch>
  /** The update of the batches since the last one. */
  update(): TakenStep
  /** Undefined when it was stopped. */
  evaluate(loader: Loader<B>, options: EvaluateOptions): Promise<Running | undefined>
  /** Runs all that a step on a batch runs, and changes nothing. */
  rehearse(batch: B): void
  rehearseEvaluation(batch: B): void
  save(): Promise<Pick<Snapshot, 'model' | 'optimizer'>>
  /** The run is over: the model gets the weights that are worth keeping. */
  finish(): void
  dispose(): void
}

export interface EvaluateOptions {
  readonly key: Key
  /** Steps done. */
  readonly step: number
  /** Asked after every batch. */
  readonly stopped: () => boolean
}

/** A step whose losses were not read yet, with what is needed to tell where they went wrong. */
export interface TakenStep {
  /** Where the step's computation first was not finite, in words. The models get the weights from before the step. */
  explain(suspect: Suspect): Promise<Divergence>
  dispose(): void
}
