import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core'
import { type Activation, activate } from '../activation/activations.ts'
import { reluGradient } from '../activation/relu-gradient-op.ts'
import { add, mul, rsqrt, square, sub } from '../array/arithmetic.ts'
import { mean } from '../array/reduce.ts'
import { reshape } from '../array/shape.ts'
import { sum } from '../array/sum.ts'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { isRecording } from '../autodiff/gradient.ts'
import { tuple } from '../checks/item.ts'

export interface GroupNormAttributes {
  readonly groups: number
  readonly eps: number
  readonly activation?: Activation
}

type Forward = { x: Tensor3D; weight: Tensor; bias: Tensor }
type Backward = Forward & { dy: Tensor; mean: Tensor; variance: Tensor }

/** `[outer, count, channels]` as `[outer, count, groups, channels of a group]`. */
const split = (x: Tensor, groups: number): Tensor => {
  const [outer, count, channels] = x.shape as [number, number, number]
  return reshape(x, [outer, count, groups, channels / groups])
}

/**
 * `[mean, biased variance]` of each group, `[outer, 1, groups, 1]`. Values far from zero keep their digits: the mean is
 * corrected by the mean of what it leaves, since float32 sums err by some units in the last place, and the variance is
 * that of the differences.
 */
function statistics(x: Tensor, groups: number): [Tensor, Tensor] {
  const grouped = split(x, groups)
  const summed = mean(grouped, [1, 3], true)
  const average = add(summed, mean(sub(grouped, summed), [1, 3], true))
  return [average, mean(square(sub(grouped, average)), [1, 3], true)]
}

/** `(x − mean) / √(variance + eps)`, in the shape of `x`. */
function normalised(x: Tensor, average: Tensor, variance: Tensor, { groups, eps }: GroupNormAttributes): Tensor {
  return reshape(mul(sub(split(x, groups), average), rsqrt(add(variance, eps))), x.shape)
}

/**
 * Normalises `x` `[outer, count, channels]`, for each `outer` and each of the `groups` of neighbouring channels, over
 * `count` and the group's channels: `[activation((x − mean) / √(variance + eps) · weight + bias), mean, variance]`,
 * the statistics `[outer, 1, groups, 1]`. Layer, group and instance norm are this one operator on their views.
 * The statistics are constants to differentiation: they exist for the backward pass.
 */
export const groupNormOp: Op<Forward, GroupNormAttributes, Tensor[]> = defineOp('groupNorm', {
  inputs: ['x', 'weight', 'bias'],
  forward: ({ x, weight, bias }, attributes) => {
    const [average, variance] = statistics(x, attributes.groups)
    const scaled = mul(normalised(x, average, variance, attributes), weight)
    return [activate(add(scaled, bias), attributes.activation), average, variance]
  },
  saves: ['x', 'weight', 'bias', 'output'],
  shared: ([dy], saved, attributes): Tensor[] => {
    const { x, weight, bias } = saved
    if (isRecording()) {
      // The kernel has no derivative of its own; under a tape, statistics and gradients are made of operators that do.
      const [average, variance] = statistics(x, attributes.groups)
      return groupNormGradients({ dy: dy as Tensor, x, weight, bias, mean: average, variance }, attributes)
    }
    const [, average, variance] = tuple(saved.output, 3)
    return groupNormGradientOp({ dy: dy as Tensor, x, weight, bias, mean: average, variance }, attributes)
  },
  gradient: {
    x: (_, __, ___, [dx]) => dx as Tensor,
    weight: (_, __, ___, [, dweight]) => dweight as Tensor,
    bias: (_, __, ___, [, , dbias]) => dbias as Tensor,
  },
})

const once = 'it is a kernel for first order only; under a tape groupNorm uses its composition'

/** `[dx, dweight, dbias]` of `groupNormOp`. */
export const groupNormGradientOp: Op<Backward, GroupNormAttributes, Tensor[]> = defineOp<
  Backward,
  GroupNormAttributes,
  Tensor[],
  keyof Backward
>('groupNormGradient', {
  inputs: ['dy', 'x', 'weight', 'bias', 'mean', 'variance'],
  forward: (inputs, attributes) => groupNormGradients(inputs, attributes),
  gradient: {},
  constants: { dy: once, x: once, weight: once, bias: once, mean: once, variance: once },
})

/**
 * With `x̂ = (x − mean) / σ`, `d` the gradient at the normalised output, `e = d · weight` and n values in a group:
 * `dbias = Σ d`, `dweight = Σ d·x̂`, `dx = (e − Σ e / n − x̂ · Σ e·x̂ / n) / σ`, the last two sums over the group.
 */
function groupNormGradients(
  { dy, x, weight, bias, mean: average, variance }: Backward,
  attributes: GroupNormAttributes,
): Tensor[] {
  const { groups, eps, activation } = attributes
  const hat = normalised(x, average, variance, attributes)
  const d = activation === 'relu' ? reluGradient(dy, add(mul(hat, weight), bias)) : dy
  const e = split(mul(d, weight), groups)
  const groupedHat = split(hat, groups)
  const slope = mul(groupedHat, mean(mul(e, groupedHat), [1, 3], true))
  const dx = mul(rsqrt(add(variance, eps)), sub(sub(e, mean(e, [1, 3], true)), slope))
  return [reshape(dx, x.shape), sum(mul(d, hat), [0, 1]), sum(d, [0, 1])]
}
