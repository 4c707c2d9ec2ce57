import type { Tensor } from '@ddnet/ops'
import type { Fusable } from './kernel-rule.ts'
import type { Schedule } from './schedules/schedule.ts'

/** Tensors by name: parameters and their gradients by path (`encoder.0.conv.weight`), state by slot and path. */
export type Tensors = Readonly<Record<string, Tensor>>

/** Chooses parameters by their path or shape: `(path, { rank }) => rank > 1` are the weights, without biases and norms. */
export type ParameterMask = (path: string, parameter: Tensor) => boolean

/** Weights without biases and norms, which have one axis: `adamW({ weightDecay: 0.05, mask: weightsOnly })`. */
export const weightsOnly: ParameterMask = (_, { rank }) => rank > 1

/** The update under way. */
export interface UpdateInfo {
  /** Updates before this one. */
  readonly step: number
  /** The number of this update among those of one parameter, from 1: PyTorch counts only those with a gradient. */
  stepOf(path: string): number
}

/**
 * A part of an optimizer: it changes updates, which begin as the gradients and in the end are added to the parameters.
 *
 * Its functions are pure: values in, new values out. They run inside `tidy`, which disposes what they make and do not return.
 */
export interface GradientTransformation {
  /** Begins the names of its state: `adam` for `adam.m.encoder.0.conv.weight`. */
  readonly name: string
  /** The state before the first update, in new tensors. A part without one needs no state. */
  init?(params: Tensors): Tensors
  /**
   * New updates, and what changed of the state; what is not returned stays. `updates` and `params` hold the same names: the
   * parameters that have a gradient. A part without it changes nothing: it looks at the new parameters.
   */
  update?(
    updates: Tensors,
    state: Tensors,
    params: Tensors,
    info: UpdateInfo,
  ): { readonly updates: Tensors; readonly state?: Tensors }
  /** In place of `update` and an addition: the new parameters at once, where that takes fewer kernels. */
  apply?(
    updates: Tensors,
    state: Tensors,
    params: Tensors,
    info: UpdateInfo,
  ): { readonly params: Tensors; readonly state?: Tensors }
  /** What changes of the state when the new parameters are there. */
  after?(state: Tensors, params: Tensors, info: UpdateInfo): Tensors
  /** Tensors of the state that are better weights than the parameters, by the parameters' paths. */
  average?(state: Tensors): Tensors
  /** Where it scales by a learning rate: that of the update that follows `step` earlier ones. */
  readonly learningRate?: Schedule
  /** The parts of a chain, which another chain takes in their place. */
  readonly parts?: readonly GradientTransformation[]
  /** How it joins its neighbours in one kernel. */
  readonly fusable?: Fusable
}

/** A transformation that goes downhill: one of its parts scales by a learning rate. */
export interface Optimizer extends GradientTransformation {
  readonly learningRate: Schedule
}
