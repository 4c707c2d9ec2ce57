import {
  describeBackends,
  describeOp,
  expectTensorClose,
  type FixtureTensor,
  operatorFixtures,
  upload,
} from '@ddnet/testing'
import type { Tensor1D } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { type BatchNormOptions, batchNorm } from './batch-norm.ts'

/**
 * Float32 holds a mean to half a unit in its last place, which the division by σ magnifies: the error grows with
 * |mean| / σ, for PyTorch in float32 as for us.
 */
function conditioned({ x }: Record<string, FixtureTensor>): number {
  const { data, shape } = x as FixtureTensor
  const channels = shape.at(-1) as number
  let condition = 0
  for (let channel = 0; channel < channels; channel++) {
    const values = [...data].filter((_, index) => index % channels === channel)
    const mean = values.reduce((total, value) => total + value, 0) / values.length
    const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length
    if (variance > 0) condition = Math.max(condition, Math.abs(mean) / Math.sqrt(variance))
  }
  return 1e-5 + 2 * condition * 2 ** -24
}

describeOp('batchNorm', {
  tolerance: conditioned,
  inputs: ['x', 'weight', 'bias'],
  constants: ['runningMean', 'runningVar'],
  run: ({ x, weight, bias, runningMean, runningVar }, options) =>
    batchNorm(x as Tensor1D, { ...options, weight, bias, runningMean, runningVar } as BatchNormOptions).y,
})

describeBackends('batchNorm', () => {
  test.each(operatorFixtures('batchNorm'))('updates the running statistics: $name', async ({ options, tensors }) => {
    const [x, weight, bias, runningMean, runningVar] = ['x', 'weight', 'bias', 'runningMean', 'runningVar'].map(
      (role) => upload<Tensor1D>(tensors[role] as never),
    ) as [Tensor1D, Tensor1D, Tensor1D, Tensor1D, Tensor1D]
    const next = batchNorm(x, { ...options, weight, bias, runningMean, runningVar })
    await expectTensorClose(next.runningMean, tensors['newRunningMean'] as never, 1e-5, 'runningMean')
    await expectTensorClose(next.runningVar, tensors['newRunningVar'] as never, 1e-5, 'runningVar')
  })
})
