import type { Tensor } from '@tensorflow/tfjs-core'
import { add, mul, sub } from '../array/arithmetic.ts'
import { clone } from '../array/cast.ts'

import { defineOp, type Op } from '../autodiff/define-op.ts'
import { expectList, expectOperand, expectOptions, type OptionNames } from '../checks/expect.ts'

/** `velocity` only with a momentum. */
export type SgdInputs = { parameter: Tensor; gradient: Tensor; velocity?: Tensor }

export interface SgdAttributes {
  readonly learningRate: number
  readonly momentum: number
  readonly dampening: number
  readonly nesterov: boolean
  readonly weightDecay: number
  /** This update's number, from 1: in the first one the velocity is the gradient. */
  readonly step: number
}

const sgdInputs: OptionNames<SgdInputs> = { parameter: true, gradient: true, velocity: true }
const sgdAttributes: OptionNames<SgdAttributes> = {
  learningRate: true,
  momentum: true,
  dampening: true,
  nesterov: true,
  weightDecay: true,
  step: true,
}

/** Inputs and outputs follow one another, parameter by parameter. */
const sgdUpdatesOp: Op<Record<string, Tensor>, SgdAttributes, Tensor[]> = defineOp<
  Record<string, Tensor>,
  SgdAttributes,
  Tensor[],
  string
>('sgdUpdates', {
  inputs: [],
  forward: (inputs, attributes) => {
    const tensors = Object.values(inputs)
    const each = attributes.momentum === 0 ? 2 : 3
    return Array.from({ length: tensors.length / each }, (_, index) => {
      const [parameter, gradient, velocity] = tensors.slice(each * index, each * (index + 1)) as [
        Tensor,
        Tensor,
        Tensor?,
      ]
      return updateOne(parameter, gradient, velocity, attributes)
    }).flat()
  },
  gradient: {},
})

function updateOne(
  parameter: Tensor,
  gradient: Tensor,
  velocity: Tensor | undefined,
  { learningRate, momentum, dampening, nesterov, weightDecay, step }: SgdAttributes,
): Tensor[] {
  const g = weightDecay === 0 ? gradient : add(gradient, mul(weightDecay, parameter))
  if (velocity === undefined) return [sub(parameter, mul(learningRate, g))]
  const u = step === 1 ? clone(g) : add(mul(momentum, velocity), mul(1 - dampening, g))
  return [sub(parameter, mul(learningRate, nesterov ? add(g, mul(momentum, u)) : u)), u]
}

/**
 * One update of stochastic gradient descent for many parameters, `[parameter, velocity]` for each, or `[parameter]` without
 * momentum μ: with `g` the gradient plus λθ, `u ← μu + (1 − dampening)g` and `θ ← θ − ηu`, or `θ ← θ − η(g + μu)` with
 * Nesterov's look-ahead. One operator, so that a backend may work on several parameters at once.
 *
 * @see torch.optim.SGD
 */
export function sgdUpdates(parameters: readonly SgdInputs[], attributes: SgdAttributes): Tensor[][] {
  expectList('sgdUpdates', 'parameters', parameters)
  for (const each of parameters) expectInputs(each)
  expectOptions('sgdUpdates', attributes, sgdAttributes)
  const inputs = parameters.flatMap(({ parameter, gradient, velocity }, index) => [
    [`parameter${index}`, parameter] as const,
    [`gradient${index}`, gradient] as const,
    ...(velocity === undefined ? [] : [[`velocity${index}`, velocity] as const]),
  ])
  const updated = sgdUpdatesOp(Object.fromEntries(inputs), attributes)
  const each = attributes.momentum === 0 ? 1 : 2
  return parameters.map((_, index) => updated.slice(each * index, each * (index + 1)))
}

function expectInputs(inputs: SgdInputs): void {
  expectOptions('sgdUpdates', inputs, sgdInputs, '{ parameter, gradient }')
  expectOperand('sgdUpdates', 'parameter', inputs.parameter)
  expectOperand('sgdUpdates', 'gradient', inputs.gradient)
}
