import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { type Activation, activate } from '../activation/activations.ts'
import { reluGradient } from '../activation/relu-gradient-op.ts'
import { add } from '../array/arithmetic.ts'
import { sum } from '../array/sum.ts'

import { defineOp } from '../autodiff/define-op.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { expectTensor } from './geometry.ts'

interface BiasAttributes {
  readonly activation?: Activation
}

/** `activation(x + bias)` over the last axis, as one operator: the sum itself is not kept for the backward pass. */
const biasOp = defineOp('addBias', {
  inputs: ['x', 'bias'],
  forward: ({ x, bias }: { x: Tensor; bias: Tensor1D }, { activation }: BiasAttributes): Tensor =>
    activate(add(x, bias), activation),
  saves: ['x', 'bias', 'output'],
  shared: (dy, { output }, { activation }) => activationGradient(dy, output, activation),
  gradient: { x: (_dy, _saved, _attributes, d) => d, bias: (_dy, _saved, _attributes, d) => biasGradient(d) },
})

/** The gradient before an activation, told from its result. */
export const activationGradient = <T extends Tensor>(dy: T, output: T, activation?: Activation): T =>
  activation === undefined ? dy : (reluGradient(dy, output) as T) // of dy's shape

/** The sum over all axes but the last. */
export const biasGradient = (dy: Tensor): Tensor =>
  sum(
    dy,
    dy.shape.slice(0, -1).map((_, axis) => axis),
  )

/** Checks that a bias has one value for each output channel, before any kernel runs. */
export function expectBias(
  operator: string,
  bias: Tensor | undefined,
  outChannels: number,
): asserts bias is Tensor1D | undefined {
  if (bias === undefined) return
  expectTensor(operator, 'bias', bias, 1, `[${outChannels}]`)
  if (bias.shape[0] !== outChannels) {
    throw new ShapeError(`${operator}: expected bias [${outChannels}], got [${bias.shape}].`)
  }
}

/** Adds the bias, if there is one, and applies the activation, if there is one. */
export function addBias<T extends Tensor>(x: T, bias?: Tensor1D, activation?: Activation): T {
  if (bias === undefined) return activate(x, activation)
  return biasOp({ x, bias }, activation === undefined ? {} : { activation }) as T
}
