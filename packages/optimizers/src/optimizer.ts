import type { Tensor } from '@ddnet/ops'
import type { Schedule } from './schedules/schedule.ts'

/** Tensors by name: parameters by their dotted name, gradients by the parameter's. */
export type Tensors = Readonly<Record<string, Tensor>>

// A type, not an interface: `tidy` returns records of tensors.
/** All that an optimizer remembers, in a form that any file of tensors can hold. */
export type OptimizerState = {
  /** Updates done so far. */
  readonly step: number
  /** `SLOT.PARAMETER`, for example `m.encoder.0.conv.weight`, in the parameter's own layout. */
  readonly tensors: Tensors
  /** How many of the updates passed a parameter by, for want of a gradient; without those that had every one. */
  readonly missed?: Readonly<Record<string, number>>
}

/**
 * A rule that turns gradients into new parameters.
 *
 * Values in, values out: `update` returns new tensors only and disposes none of its arguments. The caller, usually the
 * trainer, owns both sides and disposes the old parameters, the old state and the gradients.
 */
export interface Optimizer {
  /** The state before the first update. */
  init(params: Tensors): OptimizerState
  /**
   * One update of the parameters that have a gradient, of their shape. One without is left as it is, weight decay and
   * momentum included, as PyTorch leaves a parameter whose `grad` is None.
   */
  update(grads: Tensors, state: OptimizerState, params: Tensors): { params: Tensors; state: OptimizerState }
  /** The learning rate of the update that follows `step` earlier ones. */
  readonly learningRate: Schedule
  /** The weights to evaluate and to keep, by the parameters' names, where they are not the parameters: the state's own tensors. */
  average?(state: OptimizerState): Tensors
}
