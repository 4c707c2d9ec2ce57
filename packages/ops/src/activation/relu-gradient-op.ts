import type { Tensor } from '@tensorflow/tfjs-core'
import { mul } from '../array/arithmetic.ts'
import { greater } from '../array/compare.ts'
import { asConstant } from '../array/detach.ts'
import { cast } from '../array/shape.ts'
import { defineOp, type Op } from '../engine/define-op.ts'

/** `dy` where `x > 0`, else 0: ReLU's gradient, linear in `dy`. `x` may be ReLU's input or its result. */
export const reluGradientOp: Op<{ dy: Tensor; x: Tensor }, object, Tensor> = defineOp('reluGradient', {
  inputs: ['dy', 'x'],
  forward: ({ dy, x }: { dy: Tensor; x: Tensor }): Tensor => mul(dy, cast(greater(x, 0), 'float32')),
  saves: ['x'],
  gradient: { dy: (g, { x }) => reluGradient(g, x) },
  constants: { x: 'on which side of 0 it lies does not change almost everywhere' },
})

export const reluGradient = (dy: Tensor, x: Tensor): Tensor => reluGradientOp({ dy, x: asConstant(x) }, {})
