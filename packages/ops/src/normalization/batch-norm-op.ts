import type { Tensor } from '@tensorflow/tfjs-core'
import { type Activation, activate } from '../activation/activations.ts'
import { reluGradient } from '../activation/relu-gradient-op.ts'
import { add, mul, rsqrt, square, sub } from '../array/arithmetic.ts'
import { zerosLike } from '../array/create.ts'
import { mean } from '../array/reduce.ts'
import { sum } from '../array/sum.ts'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { isRecording } from '../autodiff/gradient.ts'
import { tuple } from '../checks/item.ts'

/** What inference and the backward pass have of them. */
export interface BatchNormGradientAttributes {
  readonly eps: number
  readonly activation?: Activation
}

export interface BatchNormAttributes extends BatchNormGradientAttributes {
  /** Share of the batch's statistics in the next running ones. */
  readonly momentum: number
}

type Affine = { x: Tensor; weight: Tensor; bias: Tensor }
export type BatchNormInputs = Affine & { runningMean: Tensor; runningVar: Tensor }
export type BatchNormGradientInputs = Affine & { dy: Tensor; mean: Tensor; variance: Tensor; y: Tensor }

/** Every axis but the last. */
export const batchAxes = (x: Tensor): number[] => Array.from({ length: x.rank - 1 }, (_, axis) => axis)

/**
 * Batch normalisation with the batch's own statistics, over all axes but the last:
 * `[activation((x − mean) / √(variance + eps) · weight + bias), mean, variance, next running mean, next running variance]`.
 * The variance is biased (divided by n); the running one takes its share of the unbiased one (divided by n − 1).
 * The statistics are constants to differentiation, and the normalised values do not depend on the running ones.
 */
export const batchNormOp: Op<BatchNormInputs, BatchNormAttributes, Tensor[]> = defineOp<
  BatchNormInputs,
  BatchNormAttributes,
  Tensor[],
  never,
  Tensor[]
>('batchNorm', {
  inputs: ['x', 'weight', 'bias', 'runningMean', 'runningVar'],
  forward: ({ x, weight, bias, runningMean, runningVar }, { eps, momentum, activation }) => {
    const average = mean(x, batchAxes(x))
    const centred = sub(x, average)
    const variance = mean(square(centred), batchAxes(x))
    const scaled = mul(centred, mul(rsqrt(add(variance, eps)), weight))
    const share = momentum * unbiased(x.size / weight.size)
    return [
      activate(add(scaled, bias), activation),
      average,
      variance,
      add(mul(1 - momentum, runningMean), mul(momentum, average)),
      add(mul(1 - momentum, runningVar), mul(share, variance)),
    ]
  },
  saves: ['x', 'weight', 'bias', 'output'],
  shared: ([dy], saved, attributes): Tensor[] => {
    const { x, weight, bias } = saved
    if (isRecording()) {
      // The kernel has no derivative of its own; under a tape, statistics and gradients are made of operators that do.
      const average = mean(x, batchAxes(x))
      const variance = mean(square(sub(x, average)), batchAxes(x))
      return batchNormGradients({ dy: dy as Tensor, x, weight, bias, mean: average, variance }, attributes)
    }
    const [y, average, variance] = tuple(saved.output, 3)
    return batchNormGradientOp({ dy: dy as Tensor, x, weight, bias, mean: average, variance, y }, attributes)
  },
  gradient: {
    x: (_, __, ___, [dx]) => dx as Tensor,
    weight: (_, __, ___, [, dweight]) => dweight as Tensor,
    bias: (_, __, ___, [, , dbias]) => dbias as Tensor,
    runningMean: (_, { weight }) => zerosLike(weight),
    runningVar: (_, { weight }) => zerosLike(weight),
  },
})

/** What makes the variance of `count` values, divided by it, one divided by `count − 1`. */
export const unbiased = (count: number): number => count / (count - 1)

const once = 'it is a kernel for first order only; under a tape batchNorm uses its composition'

/** `[dx, dweight, dbias]` of `batchNormOp`; `y`, its result, tells where ReLU let a value pass. */
export const batchNormGradientOp: Op<BatchNormGradientInputs, BatchNormGradientAttributes, Tensor[]> = defineOp<
  BatchNormGradientInputs,
  BatchNormGradientAttributes,
  Tensor[],
  keyof BatchNormGradientInputs
>('batchNormGradient', {
  inputs: ['dy', 'x', 'weight', 'bias', 'mean', 'variance', 'y'],
  forward: (inputs, attributes) => batchNormGradients(inputs, attributes),
  gradient: {},
  constants: { dy: once, x: once, weight: once, bias: once, mean: once, variance: once, y: once },
})

/**
 * With `x̂ = (x − mean) / σ` and `d` the gradient at the normalised output:
 * `dbias = Σ d`, `dweight = Σ d·x̂`, `dx = weight / σ · (d − dbias / n − x̂ · dweight / n)`.
 */
function batchNormGradients(
  { dy, x, weight, bias, mean: average, variance, y }: Omit<BatchNormGradientInputs, 'y'> & { y?: Tensor },
  { eps, activation }: BatchNormGradientAttributes,
): Tensor[] {
  const axes = batchAxes(x)
  const inverse = rsqrt(add(variance, eps))
  const normalised = mul(sub(x, average), inverse)
  const d = activation === 'relu' ? reluGradient(dy, y ?? add(mul(normalised, weight), bias)) : dy
  const dbias = sum(d, axes)
  const dweight = sum(mul(d, normalised), axes)
  const count = x.size / weight.size
  const dx = mul(mul(weight, inverse), sub(d, add(mul(1 / count, dbias), mul(normalised, mul(1 / count, dweight)))))
  return [dx, dweight, dbias]
}
