import type { Tensor } from '@tensorflow/tfjs-core'
import { add, div, mul, sqrt, square, sub } from '../array/arithmetic.ts'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { expectList, expectOperand, expectOptions, type OptionNames } from '../checks/expect.ts'
import { tuple } from '../checks/item.ts'

export type AdamInputs = { parameter: Tensor; gradient: Tensor; m: Tensor; v: Tensor }

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

const adamInputs: OptionNames<AdamInputs> = { parameter: true, gradient: true, m: true, v: true }
const adamAttributes: OptionNames<AdamAttributes> = {
  learningRate: true,
  beta1: true,
  beta2: true,
  eps: true,
  weightDecay: true,
  decoupled: true,
  step: true,
}

/** Inputs and outputs follow one another, parameter by parameter. */
const adamUpdatesOp: Op<Record<string, Tensor>, AdamAttributes, Tensor[]> = defineOp<
  Record<string, Tensor>,
  AdamAttributes,
  Tensor[],
  string
>('adamUpdates', {
  inputs: [],
  forward: (inputs, attributes) => {
    const tensors = Object.values(inputs)
    return Array.from({ length: tensors.length / 4 }, (_, index) => {
      const [parameter, gradient, m, v] = tuple(tensors.slice(4 * index), 4)
      return adamUpdate({ parameter, gradient, m, v }, attributes)
    }).flat()
  },
  gradient: {},
})

/**
 * `adamUpdate` of many parameters, `[parameter, m, v]` for each: one operator, so that a backend may work on several of
 * them at once.
 */
export function adamUpdates(parameters: readonly AdamInputs[], attributes: AdamAttributes): Tensor[][] {
  expectList('adamUpdates', 'parameters', parameters)
  for (const each of parameters) {
    expectOptions('adamUpdates', each, adamInputs, '{ parameter, gradient, m, v }')
    for (const name of ['parameter', 'gradient', 'm', 'v'] as const) expectOperand('adamUpdates', name, each[name])
  }
  expectOptions('adamUpdates', attributes, adamAttributes)
  const inputs = parameters.flatMap(({ parameter, gradient, m, v }, index) => [
    [`parameter${index}`, parameter] as const,
    [`gradient${index}`, gradient] as const,
    [`m${index}`, m] as const,
    [`v${index}`, v] as const,
  ])
  const updated = adamUpdatesOp(Object.fromEntries(inputs), attributes)
  return parameters.map((_, index) => updated.slice(3 * index, 3 * index + 3))
}
