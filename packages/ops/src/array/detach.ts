import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp } from '../autodiff/define-op.ts'
import { isRecording } from '../autodiff/gradient.ts'
import { expectOperand } from '../checks/expect.ts'

/** `x` is an attribute and not an input: so the tape does not connect it with the result. */
const detachOp = defineOp('detach', {
  inputs: [],
  forward: (_: Record<never, Tensor>, { x }: { x: Tensor }) => tf.clone(x),
  gradient: {},
})

/**
 * The same values as a constant: no gradient flows back through it, at any order.
 *
 * @param x any shape and dtype
 * @see torch.Tensor.detach
 * @example grad((x) => mul(x, detach(x)))(x) // x, where the gradient of x·x is 2x
 */
export function detach<T extends Tensor>(x: T): T {
  expectOperand('detach', 'x', x)
  return detachOp({}, { x }) as T
}

/** `detach(x)` while a gradient is being recorded, else `x` itself: for positions and conditions, which have no derivative. */
export const asConstant = <T extends Tensor>(x: T): T => (isRecording() ? detach(x) : x)
