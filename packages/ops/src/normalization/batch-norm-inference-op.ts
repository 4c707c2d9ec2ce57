import type { Tensor } from '@tensorflow/tfjs-core'
import { activate } from '../activation/activations.ts'
import { reluGradient } from '../activation/relu-gradient-op.ts'
import { add, mul, neg, rsqrt, square, sub } from '../array/arithmetic.ts'
import { sum } from '../array/sum.ts'

import { defineOp, type Op } from '../autodiff/define-op.ts'
import { type BatchNormGradientAttributes, batchAxes } from './batch-norm-op.ts'

export type BatchNormInferenceInputs = { x: Tensor } & Record<'weight' | 'bias' | 'mean' | 'variance', Tensor>

/**
 * Batch normalisation with given statistics, over all axes but the last:
 * `activation((x − mean) / √(variance + eps) · weight + bias)`.
 */
export const batchNormInferenceOp: Op<BatchNormInferenceInputs, BatchNormGradientAttributes, Tensor> = defineOp<
  BatchNormInferenceInputs,
  BatchNormGradientAttributes,
  Tensor,
  never,
  Tensor
>('batchNormInference', {
  inputs: ['x', 'weight', 'bias', 'mean', 'variance'],
  forward: (inputs, attributes) => activate(affine(inputs, attributes), attributes.activation),
  shared: (dy, saved, attributes) =>
    attributes.activation === 'relu' ? reluGradient(dy, affine(saved, attributes)) : dy,
  gradient: {
    x: (_, { weight, variance }, { eps }, d) => mul(d, mul(weight, rsqrt(add(variance, eps)))),
    weight: (_, { x, mean, variance }, { eps }, d) =>
      sum(mul(d, mul(sub(x, mean), rsqrt(add(variance, eps)))), batchAxes(x)),
    bias: (_, { x }, __, d) => sum(d, batchAxes(x)),
    mean: (_, { x, weight, variance }, { eps }, d) =>
      mul(sum(d, batchAxes(x)), neg(mul(weight, rsqrt(add(variance, eps))))),
    variance: (_, { x, weight, mean, variance }, { eps }, d) => {
      const inverse = rsqrt(add(variance, eps))
      return mul(sum(mul(d, sub(x, mean)), batchAxes(x)), mul(mul(-0.5, weight), mul(inverse, square(inverse))))
    },
  },
})

/** As one scale and one shift a channel. */
function affine(
  { x, weight, bias, mean, variance }: BatchNormInferenceInputs,
  { eps }: BatchNormGradientAttributes,
): Tensor {
  const scale = mul(weight, rsqrt(add(variance, eps)))
  return add(mul(x, scale), sub(bias, mul(mean, scale)))
}
