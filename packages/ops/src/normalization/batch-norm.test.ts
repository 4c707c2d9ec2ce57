import {
  defined,
  describeBackends,
  describeOp,
  entryOf,
  expectShapeError,
  expectTensorClose,
  lastItem,
  operatorFixtures,
  tuple,
  upload,
} from '@ddnet/testing'
import { ones, type Tensor, type Tensor1D, tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { valueAndGrads } from '../autodiff/differentiate.ts'
import { type BatchNormOptions, batchNorm } from './batch-norm.ts'
import { conditioned } from './conditioning.ts'

describeOp('batchNorm', {
  tolerance: ({ x }) => {
    const fixture = defined(x)
    const channels = lastItem(fixture.shape)
    return conditioned(fixture, (index) => index % channels)
  },
  inputs: ['x', 'weight?', 'bias?'],
  constants: ['runningMean', 'runningVar'],
  run: ({ x, weight, bias, runningMean, runningVar }, options) =>
    tidy(() => batchNorm(x, { ...options, weight, bias, runningMean, runningVar }).y),
})

describeBackends('batchNorm', () => {
  const cases = operatorFixtures('batchNorm').filter(({ nan }) => nan !== true)
  test.each(cases)('updates the running statistics: $name', async ({ options, tensors }) => {
    const [x, weight, bias, runningMean, runningVar] = ['x', 'weight', 'bias', 'runningMean', 'runningVar'].map(
      (role) => tensors[role] && upload(tensors[role]),
    ) as [Tensor1D, Tensor1D, Tensor1D, Tensor1D, Tensor1D]
    const next = batchNorm(x, { ...options, weight, bias, runningMean, runningVar })
    await expectTensorClose(next.runningMean, entryOf(tensors, 'newRunningMean'), 1e-5, 'runningMean')
    await expectTensorClose(next.runningVar, entryOf(tensors, 'newRunningVar'), 1e-5, 'runningVar')
  })

  test('of one channel takes two values', async () => {
    const [runningMean, runningVar] = [tensor([10]), tensor([20])]
    const next = batchNorm(tensor([[1], [5]]), { runningMean, runningVar, training: true, momentum: 0.5, eps: 0 })
    await expectTensorClose(next.y, { shape: [2, 1], data: [-1, 1] })
    await expectTensorClose(next.runningMean, { shape: [1], data: [(10 + 3) / 2] })
    await expectTensorClose(next.runningVar, { shape: [1], data: [(20 + 8) / 2] }) // Σ (x − 3)² / (2 − 1)
  })

  test('does not depend on the running statistics in training', async () => {
    const x = tensor([[1], [4], [7]])
    const running = tensor([2])
    const normalised = () => batchNorm(x, { runningMean: running, runningVar: running, training: true }).y
    await expectTensorClose(valueAndGrads(normalised, [running], ones([3, 1])).grads[0], {
      shape: [1],
      data: [0],
    })
  })

  test('differentiates by the running statistics in inference', async () => {
    const running = { runningMean: tensor([1]), runningVar: tensor([4]) }
    const inference = () => batchNorm(tensor([[3], [8]]), { ...running, weight: tensor([2]), eps: 0 }).y
    const [byMean, byVariance] = tuple(valueAndGrads(inference, Object.values(running), ones([2, 1])).grads, 2)
    // y = 2 (x − m) / √v: ∂/∂m = −2 / √v each, ∂/∂v = −(x − m) / v^1.5
    await expectTensorClose(byMean, { shape: [1], data: [-2] }, 1e-6)
    await expectTensorClose(byVariance, { shape: [1], data: [-9 / 8] }, 1e-6)
  })

  // A weight that became infinite must end in a loss that is no number, or nobody sees it.
  test.each(
    [Number.NaN, Number.POSITIVE_INFINITY].flatMap((value) =>
      ([undefined, 'relu'] as const).map((activation) => ({ value, activation })),
    ),
  )('$value makes its channel NaN in training, and no other: activation $activation', async ({ value, activation }) => {
    for (const rows of [2, 700]) {
      const data = Array.from({ length: rows * 8 }, (_, at) => (at === 13 ? value : at % 8 === 2 ? 3 : at % 5))
      const running = { runningMean: zeros([8]), runningVar: ones([8]) }
      const next = batchNorm(tensor(data, [rows, 8]), { ...running, training: true, ...(activation && { activation }) })
      const y = await next.y.data()
      expect(y.filter(Number.isNaN)).toHaveLength(rows)
      expect(y.filter((each, at) => at % 8 === 5 && !Number.isNaN(each))).toHaveLength(0)
      expect(Number.isNaN((await next.runningVar.data())[5])).toBe(true)
      expect((await next.runningVar.data()).filter(Number.isNaN)).toHaveLength(1)
    }
  })

  test('NaN stays NaN in inference, through ReLU too', async () => {
    const running = { runningMean: zeros([3]), runningVar: ones([3]) }
    const { y } = batchNorm(tensor([[-1, Number.NaN, 1]]), { ...running, activation: 'relu', eps: 0 })
    await expectTensorClose(y, { shape: [1, 3], data: [0, Number.NaN, 1] })
  })

  test.each([true, false])('of no samples is empty and changes no statistics, training %s', async (training) => {
    const [runningMean, runningVar] = [tensor([1, 2]), tensor([3, 4])]
    const next = batchNorm(zeros([0, 3, 2]), { runningMean, runningVar, training })
    expect(next.y.shape).toEqual([0, 3, 2])
    await expectTensorClose(next.runningMean, { shape: [2], data: [1, 2] })
    await expectTensorClose(next.runningVar, { shape: [2], data: [3, 4] })
  })
})

describe('batchNorm refuses', () => {
  const three = (): Tensor1D => ones([3])
  const run = (x: Tensor, options: Partial<BatchNormOptions> = {}) => {
    const running = { runningMean: three(), runningVar: three() }
    return () => batchNorm(x, { ...running, training: true, ...options })
  }
  test.each<[string, () => () => unknown, RegExp]>([
    ['a vector', () => run(ones([3])), /batchNorm: expected x \[batch, …, channels\], got \[3\]/],
    ['other channels', () => run(ones([2, 4])), /expected runningMean \[4\] for x \[2,4\], got \[3\]/],
    ['a matrix of weights', () => run(ones([2, 3]), { weight: ones([1, 3]) }), /expected weight \[3\]/],
    ['integers', () => run(zeros([2, 3], 'int32')), /expected x of dtype float32, got int32/],
    ['an integer bias', () => run(ones([2, 3]), { bias: zeros([3], 'int32') }), /expected bias of dtype float32/],
    [
      'one value per channel',
      () => run(ones([1, 1, 3])),
      /more than one value per channel in training, got x \[1,1,3\]/,
    ],
    ['a negative eps', () => run(ones([2, 3]), { eps: -1 }), /expected eps of at least 0, got -1/],
    ['a momentum above 1', () => run(ones([2, 3]), { momentum: 1.5 }), /expected momentum in \[0, 1\], got 1.5/],
    [
      'no momentum, which would freeze the statistics',
      // @ts-expect-error null is PyTorch's, for the average of all batches
      () => run(ones([2, 3]), { momentum: null }),
      /got null. For the average of all batches give 1 \/ \(batches so far \+ 1\)/,
    ],
  ])('%s', (_, make, message) => expectShapeError(make(), message))
})
