import type { Tensor } from '@tensorflow/tfjs-core'
import { computing } from '../checks/expect.ts'
import { expectBackend } from '../checks/expect-backend.ts'
import { ensureGradient, type GradientDefinition } from './gradient.ts'

/**
 * Gives one of tfjs-core's functions, and the kernel behind it, our gradient: right at every order.
 * tfjs's own gradients are never loaded; this one is registered when the function is first called.
 */
/* @__NO_SIDE_EFFECTS__ */
export function stockOp<
  F extends (...parameters: never[]) => Tensor,
  I,
  A = unknown,
  C extends keyof I = never,
  S = undefined,
>(
  kernelName: string,
  call: F,
  inputs: readonly (keyof I & string)[],
  definition: GradientDefinition<I, A, Tensor, C, S>,
): F {
  return ((...parameters: Parameters<F>) => {
    expectBackend(kernelName)
    ensureGradient(kernelName, inputs, definition)
    return computing(kernelName, parameters, () => call(...parameters))
  }) as F
}
