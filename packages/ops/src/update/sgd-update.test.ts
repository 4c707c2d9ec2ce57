import {
  describeBackends,
  entryOf,
  expectTensorClose,
  type FixtureCase,
  itemAt,
  operatorFixtures,
  upload,
} from '@ddnet/testing'
import type { Tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { memory, reshape, slice, tensor, zeros } from '../index.ts'
import { type SgdAttributes, type SgdInputs, sgdUpdates } from './sgd-update.ts'

const cases = operatorFixtures('optimizers').filter(
  (each: FixtureCase & { optimizer?: string }) => each.optimizer === 'sgd',
)
const plain = { learningRate: 0.5, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, step: 1 }

describeBackends('sgdUpdates', () => {
  test.each(cases)(
    'takes the ten steps of torch.optim.SGD with two parameters: $name',
    async ({ options, tensors }) => {
      const names = ['a', 'b']
      const gradients = names.map((name) => upload(entryOf(tensors, `${name}.gradients`)))
      let parameters: Tensor[] = names.map((name) => upload(entryOf(tensors, name)))
      let velocities: Tensor[] = parameters.map(({ shape }) => zeros(shape))
      for (let step = 1; step <= 10; step++) {
        const rates = options['learningRate'] as number | number[]
        const learningRate = typeof rates === 'number' ? rates : rates[step - 1]
        const attributes = { ...options, learningRate, step } as SgdAttributes
        const inputs = parameters.map((parameter, index): SgdInputs => {
          const gradient = reshape(slice(itemAt(gradients, index), step - 1, 1), parameter.shape)
          return { parameter, gradient, ...(attributes.momentum !== 0 && { velocity: velocities[index] }) }
        })
        const updated = sgdUpdates(inputs, attributes)
        expect(updated.map((each) => each.length)).toEqual(attributes.momentum === 0 ? [1, 1] : [2, 2])
        parameters = updated.map(([parameter]) => parameter as Tensor)
        velocities = updated.map(([, velocity], index) => velocity ?? itemAt(velocities, index))
        for (const [index, parameter] of parameters.entries()) {
          const { data } = entryOf(tensors, `${names[index]}.after`)
          const after = data.slice((step - 1) * parameter.size, step * parameter.size)
          const expected = { shape: parameter.shape, data: after }
          await expectTensorClose(parameter, expected, 1e-5, `${names[index]} after step ${step}`)
        }
      }
    },
  )

  test('of three parameters are those of each', async () => {
    const inputs = [1, 2, 3].map((value) => ({ parameter: tensor([value]), gradient: tensor([value ** 2]) }))
    const before = memory().numTensors
    const updated = sgdUpdates(inputs, plain).flat()
    expect(memory().numTensors).toBe(before + 3)
    for (const [index, expected] of [1 - 0.5, 2 - 2, 3 - 4.5].entries()) {
      await expectTensorClose(itemAt(updated, index), { shape: [1], data: [expected] })
    }
  })

  test('have a velocity that is the gradient at first, whatever the dampening', async () => {
    const attributes = { ...plain, momentum: 0.5, dampening: 0.75 }
    const input = { parameter: tensor([1]), gradient: tensor([2]), velocity: tensor([100]) }
    const first = sgdUpdates([input], attributes)[0] as [Tensor, Tensor]
    await expectTensorClose(first[0], { shape: [1], data: [1 - 0.5 * 2] })
    await expectTensorClose(first[1], { shape: [1], data: [2] })
    const second = sgdUpdates([input], { ...attributes, step: 2 })[0] as [Tensor, Tensor]
    const u = 0.5 * 100 + (1 - 0.75) * 2
    await expectTensorClose(second[1], { shape: [1], data: [u] })
    await expectTensorClose(second[0], { shape: [1], data: [1 - 0.5 * u] })
    const nesterov = sgdUpdates([input], { ...attributes, nesterov: true, step: 2 })[0] as [Tensor, Tensor]
    await expectTensorClose(nesterov[0], { shape: [1], data: [1 - 0.5 * (2 + 0.5 * u)] })
  })
})
