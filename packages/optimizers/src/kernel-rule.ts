import type { Tensor } from '@ddnet/ops'
import type { Schedule } from './schedules/schedule.ts'

/** What a kernel changes: a parameter, and its tensors in the state in the order of the rule's slots. */
export interface KernelInputs {
  readonly parameter: Tensor
  readonly gradient: Tensor
  readonly slots: readonly Tensor[]
}

export interface KernelAttributes {
  readonly learningRate: number
  readonly weightDecay: number
  /** Whether the decay comes behind the rule (AdamW), not before it (Adam with L2). */
  readonly decoupled: boolean
  /** The number of this update of the parameters, from 1. */
  readonly step: number
}

/** A rule that has a kernel, which decays and scales by the learning rate as well. */
export interface KernelRule {
  readonly slots: readonly string[]
  /** Whether the kernel knows decay behind the rule, too. */
  readonly decoupled: boolean
  /** `[new parameter, ...new slots]` of each. */
  kernel(inputs: readonly KernelInputs[], attributes: KernelAttributes): Tensor[][]
}

/** The place that a part takes where several run as one kernel: `decay? rule? decay? rate factor*`. */
export type Fusable =
  | { readonly as: 'rule'; readonly rule: KernelRule }
  | { readonly as: 'decay'; readonly decayOf: NumberOf }
  | { readonly as: 'rate'; readonly rule: KernelRule; readonly learningRate: Schedule }
  | { readonly as: 'factor'; readonly factorOf: NumberOf }

/** A number for each parameter: its weight decay, or what multiplies its learning rate. */
export type NumberOf = (path: string, parameter: Tensor) => number
