import {
  defined,
  describeBackends,
  expectClose,
  type FixtureCase,
  floatsOf,
  itemAt,
  operatorFixtures,
  tuple,
  upload,
} from '@ddnet/testing'
import type { Tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { type AdamAttributes, grad, memory, random, reshape, slice, sum, zeros } from '../index.ts'
import { adamUpdate, adamUpdates } from './adam-update.ts'

const cases: (FixtureCase & { optimizer?: string })[] = operatorFixtures('optimizers').filter(
  ({ optimizer }: FixtureCase & { optimizer?: string }) => optimizer === 'adam' || optimizer === 'adamW',
)

describeBackends('adamUpdate', () => {
  test.each(cases)('takes the ten steps of torch.optim: $name', async ({ options, tensors, optimizer }) => {
    for (const name of ['a', 'b']) {
      const [start, gradients, after] = [tensors[name], tensors[`${name}.gradients`], tensors[`${name}.after`]]
      const all = upload(defined(gradients))
      let parameter: Tensor = upload(defined(start))
      let [m, v]: Tensor[] = [zeros(parameter.shape), zeros(parameter.shape)]
      for (let step = 1; step <= 10; step++) {
        const rates = options['learningRate'] as number | number[]
        const learningRate = typeof rates === 'number' ? rates : rates[step - 1]
        const attributes = { ...options, learningRate, decoupled: optimizer === 'adamW', step } as AdamAttributes
        const gradient = reshape(slice(all, step - 1, 1), parameter.shape)
        ;[parameter, m, v] = tuple(adamUpdate({ parameter, gradient, m: defined(m), v: defined(v) }, attributes), 3)
        const expected = defined(after).data.slice((step - 1) * parameter.size, step * parameter.size)
        expectClose(await floatsOf(parameter), expected, 1e-5, `${name} after step ${step}`)
      }
    }
  })

  test('of many parameters is that of each, whatever their sizes', async () => {
    const shapes = [[3, 3, 2, 5], [7], [], [130], [0, 2], [1], [8, 8], [3], [2, 100]]
    const { numTensors } = memory()
    const drawn = (seed: number) => shapes.map((shape, index) => random.normal(random.key(seed).fold(index), shape))
    const gradients = [drawn(2), drawn(3), drawn(4)]
    const zero = () => shapes.map((shape) => zeros(shape))
    const start = (): Tensor[][] => [drawn(1), zero(), zero()]
    let [one, many] = [start(), start()]
    for (const [index, gradient] of gradients.entries()) {
      const attributes = { beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1, decoupled: index < 2 }
      const rest = { ...attributes, learningRate: 0.1, step: index + 1 }
      const inputs = ([parameters, ms, vs]: Tensor[][]) =>
        shapes.map((_, at) => ({
          parameter: itemAt(parameters, at),
          gradient: itemAt(gradient, at),
          m: itemAt(ms, at),
          v: itemAt(vs, at),
        }))
      const transposed = (updated: Tensor[][]) => [0, 1, 2].map((slot) => updated.map((each) => itemAt(each, slot)))
      const [nextOne, nextMany] = [
        transposed(inputs(one).map((each) => adamUpdate(each, rest))),
        transposed(adamUpdates(inputs(many), rest)),
      ]
      // In the first round nothing is read in between; after the second, some are.
      if (index > 0) {
        for (const [slot, tensors] of nextOne.entries()) {
          for (const [at, tensor] of tensors.entries()) {
            if (index === 1 && at % 3 !== slot) continue
            const actual = await floatsOf(nextMany[slot]?.[at])
            expectClose(actual, await floatsOf(tensor), 1e-6, `${slot} of [${shapes[at]}] after ${index}`)
          }
        }
      }
      for (const old of [...one, ...many, gradient].flat()) old.dispose()
      one = nextOne
      many = nextMany
    }
    for (const old of [...one, ...many].flat()) old.dispose()
    expect(memory().numTensors).toBe(numTensors)
  })

  test('is no part of a model', () => {
    const attributes = { learningRate: 1, beta1: 0, beta2: 0, eps: 1, weightDecay: 0, decoupled: false, step: 1 }
    const [gradient, m, v] = [zeros([2]), zeros([2]), zeros([2])]
    const update = (parameter: Tensor): Tensor => itemAt(adamUpdate({ parameter, gradient, m, v }, attributes), 0)
    expect(() => grad((x: Tensor) => sum(update(x)))(zeros([2]))).toThrow(
      /adamUpdate has no derivative with respect to 'parameter'/,
    )
  })
})
