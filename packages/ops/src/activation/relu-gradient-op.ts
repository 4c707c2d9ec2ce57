import type { Tensor } from '@tensorflow/tfjs-core'
import { lessEqual } from '../array/compare.ts'
import { asConstant } from '../array/detach.ts'
import { where } from '../array/where.ts'
import { defineOp, type Op } from '../autodiff/define-op.ts'

/**
 * 0 where `x ≤ 0`, else `dy`: ReLU's gradient, linear in `dy`. `x` may be ReLU's input or its result. At a NaN it is `dy`, and
 * what is infinite or NaN in `dy` does not get through where `x ≤ 0`, as in PyTorch.
 */
export const reluGradientOp: Op<{ dy: Tensor; x: Tensor }, object, Tensor> = defineOp('reluGradient', {
  inputs: ['dy', 'x'],
  forward: ({ dy, x }: { dy: Tensor; x: Tensor }): Tensor => where(lessEqual(x, 0), 0, dy),
  saves: ['x'],
  gradient: { dy: (g, { x }) => reluGradient(g, x) },
  constants: { x: 'on which side of 0 it lies does not change almost everywhere' },
})

export const reluGradient = (dy: Tensor, x: Tensor): Tensor => reluGradientOp({ dy, x: asConstant(x) }, {})
