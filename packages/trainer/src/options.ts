import type { Loader } from '@ddnet/datasets'
import type { Module } from '@ddnet/layers'
import type { Loss } from '@ddnet/losses'
import type { Measures } from '@ddnet/metrics'
import type { Optimizer } from '@ddnet/optimizers'
import type { Callback } from './callback.ts'
import type { EvaluationContext, Models, StepContext, StepResult, UpdateContext } from './step.ts'

/** What is trained on, and what is measured on while training. */
export interface TrainingData<B> {
  readonly train: Loader<B>
  readonly validation?: Loader<B>
}

interface Common<B, M extends Measures> {
  /** May also be given to `fit`. Here it says what the batches of `step` are, so that they need no annotation. */
  readonly data?: TrainingData<B>
  /**
   * The score of the validation that decides which checkpoint is the best and when to stop early: the loss, or a metric that is
   * a number and says which way is better. Default: `loss`.
   */
  readonly monitor?: 'loss' | NoInfer<keyof M & string>
  readonly callbacks?: readonly Callback[]
}

/** A model and how it learns from a batch. */
export interface SingleModel<B, M extends Measures, Net extends Module> {
  readonly model: Net
  readonly models?: never
  /**
   * Runs the model on one batch, in training and in evaluation: what is to become small, and what is measured. It must not be
   * asynchronous; tensors that it makes are disposed.
   */
  readonly step: (batch: B, context: StepContext<NoInfer<Net>>) => StepResult<M>
  /**
   * How many batches make one step (default 1): its gradient is the mean over all their samples, as of one batch of them
   * all. Norms normalise each batch by itself, and count it in their running statistics, as in PyTorch. An epoch's last
   * step takes the batches that are left.
   */
  readonly accumulate?: number
}

/** Several models and a step that updates them. */
export interface SeveralModels<B, M extends Measures, Nets extends Models> {
  readonly models: Nets
  readonly model?: never
  /**
   * Updates models in any order, as often as it likes, and returns its losses by name. It must not be asynchronous; tensors
   * that it makes are disposed. In the scores of an epoch a loss that is a scalar counts by the batch's samples.
   */
  readonly step: (batch: B, context: UpdateContext<NoInfer<Nets>>) => Readonly<Record<string, Loss>>
  /** What a validation measures. Without it there is none. */
  readonly evaluate?: (batch: B, context: EvaluationContext<NoInfer<Nets>>) => StepResult<M>
}

/** A trainer of one model. */
export interface Single<B, M extends Measures, Net extends Module> extends SingleModel<B, M, Net>, Common<B, M> {
  readonly optimizer: Optimizer
}

/** A trainer of several models, as of a GAN. */
export interface Several<B, M extends Measures, Nets extends Models> extends SeveralModels<B, M, Nets>, Common<B, M> {
  /** One for each model, by the same names. The first one's learning rate is that of the events. */
  readonly optimizers: { readonly [Name in keyof NoInfer<Nets>]: Optimizer }
}
