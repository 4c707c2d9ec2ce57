import { describeBackends, expectClose, type FixtureCase, operatorFixtures, upload } from '@ddnet/testing'
import type { Tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { type AdamAttributes, grad, reshape, slice, zeros } from '../index.ts'
import { adamUpdate } from './adam-update.ts'

const cases = operatorFixtures('optimizers').filter((each) => 'beta1' in each.options) as (FixtureCase & {
  optimizer: 'adam' | 'adamW'
})[]

describeBackends('adamUpdate', () => {
  test.each(cases)('takes the ten steps of torch.optim: $name', async ({ options, tensors, optimizer }) => {
    for (const name of ['a', 'b']) {
      const [start, gradients, after] = [tensors[name], tensors[`${name}.gradients`], tensors[`${name}.after`]]
      const all = upload(gradients as never)
      let parameter: Tensor = upload(start as never)
      let [m, v]: Tensor[] = [zeros(parameter.shape), zeros(parameter.shape)]
      for (let step = 1; step <= 10; step++) {
        const rates = options['learningRate'] as number | number[]
        const learningRate = typeof rates === 'number' ? rates : (rates[step - 1] as number)
        const attributes = { ...options, learningRate, decoupled: optimizer === 'adamW', step } as AdamAttributes
        const gradient = reshape(slice(all, step - 1, 1), parameter.shape)
        ;[parameter, m, v] = adamUpdate({ parameter, gradient, m: m as Tensor, v: v as Tensor }, attributes) as [
          Tensor,
          Tensor,
          Tensor,
        ]
        const expected = after?.data.slice((step - 1) * parameter.size, step * parameter.size) as Float32Array
        expectClose((await parameter.data()) as Float32Array, expected, 1e-5, `${name} after step ${step}`)
      }
    }
  })

  test('is no part of a model', () => {
    const attributes = { learningRate: 1, beta1: 0, beta2: 0, eps: 1, weightDecay: 0, decoupled: false, step: 1 }
    const [gradient, m, v] = [zeros([2]), zeros([2]), zeros([2])]
    const update = (parameter: Tensor): Tensor => adamUpdate({ parameter, gradient, m, v }, attributes)[0] as Tensor
    expect(() => grad(update)(zeros([2]))).toThrow(/adamUpdate has no derivative with respect to 'parameter'/)
  })
})
