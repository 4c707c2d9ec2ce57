import type { LossValue as Loss } from '@ddnet/losses'
import type { Measures, ValuesOf } from '@ddnet/metrics'
import type { Key } from '@ddnet/ops'

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

/** The loss and each measure's value. */
export type ScoresOf<M extends Measures> = { readonly loss: number } & ValuesOf<M>
