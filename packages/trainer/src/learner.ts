import type { Loader } from '@ddnet/datasets'
import type { Key } from '@ddnet/ops'
import type { MeasuredBatch } from './read-batch.ts'
import type { Scores } from './scores.ts'
import type { Snapshot } from './snapshot.ts'
import type { MetricsOfHeads, Tensors } from './task.ts'

/** What the loop of a run drives: it learns from batches, and can be measured, saved and gone on with. */
export interface Learner {
  /** How many batches make a step; the last step of an epoch takes those that are left. */
  readonly batchesPerStep: number
  readonly metrics: MetricsOfHeads
  /** Whether events and scores tell the losses by name, beside their sum. */
  readonly namesLosses: boolean
  /** That of the coming update. */
  learningRate(): number
  /** Computes one batch of a step. It owns the batch, and disposes it. */
  learn(batch: Tensors, key: Key): Promise<MeasuredBatch>
  /** The update of the batches since the last one. */
  update(): TakenStep
  /** Undefined when it was stopped. */
  evaluate<B>(loader: Loader<B>, stopped: () => boolean): Promise<Scores | undefined>
  save(): Promise<Pick<Snapshot, 'model' | 'optimizer'>>
  /** The run is over: the model gets the weights that are worth keeping. */
  finish(): void
  dispose(): void
}

/** A step whose losses were not read yet, with what is needed to tell where they went wrong. */
export interface TakenStep {
  /** Where the step's computation first was not finite, in words. The models get the weights from before the step. */
  explain(suspect: NonNullable<MeasuredBatch['suspect']>): Promise<Trouble>
  dispose(): void
}

export interface Trouble {
  /** `the output of decoder.1.norm`, to go behind 'first'; undefined where all is finite but the loss. */
  readonly what: string | undefined
  /** The module's path, where it is one. */
  readonly layer: string | undefined
}
