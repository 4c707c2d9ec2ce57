import { describeBackends, itemAt } from '@ddnet/testing'
import { ones, type Tensor, type Tensor1D, tensor, tidy } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { reshape } from '../array/shape.ts'
import { valueAndGrads } from '../autodiff/differentiate.ts'
import { convTranspose2d } from '../convolution/conv-transpose2d.ts'
import { conv2d } from '../convolution/conv2d.ts'
import { depthwiseConv2d } from '../convolution/depthwise-conv2d.ts'
import { batchNorm } from '../normalization/batch-norm.ts'
import { groupNorm } from '../normalization/group-norm.ts'
import { layerNorm } from '../normalization/layer-norm.ts'
import { type Activation, relu } from './activations.ts'

type Inputs = { x: Tensor; weight: Tensor; bias: Tensor1D }
type Run = (inputs: Inputs, options: { activation?: Activation }) => Tensor

const four = (x: Tensor): Tensor1D => reshape(x, [-1])
const filter = (x: Tensor, shape: number[]) => reshape(x, shape)
const running = () => ({ runningMean: ones([4]), runningVar: ones([4]) })

const operators: Record<string, { run: Run; weights: number }> = {
  conv2d: {
    weights: 16,
    run: ({ x, weight, bias }, o) => conv2d(x, filter(weight, [1, 1, 4, 4]), { bias, ...o }),
  },
  convTranspose2d: {
    weights: 16,
    run: ({ x, weight, bias }, o) => convTranspose2d(x, filter(weight, [1, 1, 4, 4]), { bias, ...o }),
  },
  depthwiseConv2d: {
    weights: 4,
    run: ({ x, weight, bias }, o) => depthwiseConv2d(x, filter(weight, [1, 1, 4, 1]), { bias, ...o }),
  },
  'batchNorm in training': {
    weights: 4,
    run: ({ x, weight, bias }, o) => batchNorm(x, { weight: four(weight), bias, ...running(), training: true, ...o }).y,
  },
  'batchNorm in inference': {
    weights: 4,
    run: ({ x, weight, bias }, o) => batchNorm(x, { weight: four(weight), bias, ...running(), ...o }).y,
  },
  groupNorm: {
    weights: 4,
    run: ({ x, weight, bias }, o) => groupNorm(x, { groups: 2, weight: four(weight), bias, ...o }),
  },
  layerNorm: {
    weights: 4,
    run: ({ x, weight, bias }, o) => layerNorm(x, { normalizedShape: 4, weight: four(weight), bias, ...o }),
  },
}

// What ReLU alone does at a NaN is PyTorch's; as a part of an operator it does the same.
describeBackends('ReLU within an operator is ReLU behind it, at a NaN too', () => {
  test.each(Object.entries(operators))('%s', async (_, { run, weights }) => {
    const values = Array.from({ length: 2 * 3 * 3 * 4 }, (_, index) => Math.sin(7 * index))
    values[14] = Number.NaN
    const inputs = {
      x: tensor(values, [2, 3, 3, 4]),
      weight: tensor(Array.from({ length: weights }, (_, index) => Math.cos(3 * index))),
      bias: tensor([0.5, -0.25, 0, 1]) as Tensor1D,
    }
    const seed = tensor(
      values.map((_, index) => Math.cos(index)),
      [2, 3, 3, 4],
    )
    const xs = Object.values(inputs)
    const within = valueAndGrads(() => run(inputs, { activation: 'relu' }), xs, seed)
    const behind = valueAndGrads(() => tidy(() => relu(run(inputs, {}))), xs, seed)
    for (const [index, expected] of [behind.value, ...behind.grads].entries()) {
      const actual = itemAt([within.value, ...within.grads], index)
      const [got, wanted] = [await actual.data(), await expected.data()]
      expect([...got].map(Number.isNaN), `NaNs of result ${index}`).toEqual([...wanted].map(Number.isNaN))
      for (const [at, value] of wanted.entries()) if (!Number.isNaN(value)) expect(got[at]).toBeCloseTo(value, 4)
    }
  })
})
