import type { Tensor } from '@tensorflow/tfjs-core'
import { add, div, mul, sqrt, square, sub } from '../array/arithmetic.ts'
import { defineOp, type Op } from '../engine/define-op.ts'

type AdamInputs = { parameter: Tensor; gradient: Tensor; m: Tensor; v: Tensor }

export interface AdamAttributes {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly eps: number
  readonly weightDecay: number
  /** Decay the parameter itself (AdamW) instead of adding the decay to the gradient (Adam with L2). */
  readonly decoupled: boolean
  /** This update's number, from 1. */
  readonly step: number
}

const reason = 'an optimizer update is not part of the model; differentiate the loss instead'

/**
 * One Adam update, `[parameter, m, v]` → the same after the step:
 * `m ← β₁m + (1 − β₁)g`, `v ← β₂v + (1 − β₂)g²`, `θ ← θ − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)`.
 *
 * @see Kingma & Ba 2015; Loshchilov & Hutter 2019 for the decoupled decay; torch.optim.Adam, AdamW
 */
export const adamUpdate: Op<AdamInputs, AdamAttributes, Tensor[]> = defineOp<
  AdamInputs,
  AdamAttributes,
  Tensor[],
  keyof AdamInputs
>('adamUpdate', {
  inputs: ['parameter', 'gradient', 'm', 'v'],
  forward: ({ parameter, gradient, m, v }, { learningRate, beta1, beta2, eps, weightDecay, decoupled, step }) => {
    const decayed = decoupled && weightDecay !== 0 ? mul(parameter, 1 - learningRate * weightDecay) : parameter
    const g = !decoupled && weightDecay !== 0 ? add(gradient, mul(weightDecay, parameter)) : gradient
    const newM = add(mul(beta1, m), mul(1 - beta1, g))
    const newV = add(mul(beta2, v), mul(1 - beta2, square(g)))
    const denominator = add(div(sqrt(newV), Math.sqrt(1 - beta2 ** step)), eps)
    return [sub(decayed, mul(learningRate / (1 - beta1 ** step), div(newM, denominator))), newM, newV]
  },
  gradient: {},
  constants: { parameter: reason, gradient: reason, m: reason, v: reason },
})
