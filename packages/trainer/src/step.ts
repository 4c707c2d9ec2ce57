import type { Module } from '@ddnet/layers'
import type { Loss } from '@ddnet/losses'
import type { Measures, ValuesOf } from '@ddnet/metrics'
import type { Key } from '@ddnet/ops'

/** Several models by name. */
export type Models = Readonly<Record<string, Module>>

/** A loss, or several by name, which are added up and told by their names. */
export type Losses = Loss | Readonly<Record<string, Loss>>

/** What a step makes of one batch: what is to become small, and what was measured. */
export interface StepResult<out M extends Measures = Measures> {
  readonly loss: Losses
  readonly metrics?: M
}

/** What a step works with. */
export interface StepContext<out Net> {
  readonly model: Net
  /** Randomness of this batch: the same in a resumed run. Layers that draw get theirs from the pass. */
  readonly key: Key
  /** The number of the step, from 1; in an evaluation, how many were done. */
  readonly step: number
  /** False in an evaluation. */
  readonly training: boolean
}

/** What a step that updates several models works with. */
export interface UpdateContext<out Nets extends Models> {
  readonly models: Nets
  readonly key: Key
  readonly step: number
  /**
   * Differentiates `forward`'s loss by the parameters of one model, and takes a step of that model's optimizer. Gives what
   * `forward` gave: the loss before the update.
   *
   * @throws ShapeError unless the loss is a scalar, a mean with its weight, or a sum; Error if it depends on no parameter of
   * the model
   */
  update<L extends Losses>(model: keyof Nets & string, forward: () => L): L
}

/** What the evaluation of several models works with. */
export interface EvaluationContext<out Nets extends Models> {
  readonly models: Nets
  readonly key: Key
  readonly step: number
}

/** The loss and each measure's value. */
export type ScoresOf<M extends Measures> = { readonly loss: number } & ValuesOf<M>
