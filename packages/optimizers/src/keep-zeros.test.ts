import { tensor } from '@ddnet/ops'
import { describeBackends, entryOf } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { adamW } from './adam.ts'
import { applyGradients, initState } from './apply-gradients.ts'
import { chain } from './chain.ts'
import { ema } from './ema.ts'
import type { Optimizer, Tensors } from './gradient-transformation.ts'
import { keepZeros } from './keep-zeros.ts'

describeBackends('keepZeros', () => {
  test('keeps zeros of weights through updates, and changes no other value', async () => {
    const values = [0, 0.5, -0.25, 0, 2, 0]
    const params = () => ({ weight: tensor(values, [2, 3]), bias: tensor([0, 0]) })
    const grads = () => ({ weight: tensor([1, -2, 3, -4, 5, -6], [2, 3]), bias: tensor([1, -1]) })
    const run = async (optimizer: Optimizer) => {
      let state = initState(optimizer, params())
      let now: Tensors = params()
      for (let step = 0; step < 3; step++) {
        const next = applyGradients(optimizer, grads(), state, now)
        now = next.params
        state = next.state
      }
      const [weight, bias] = await Promise.all([entryOf(now, 'weight').data(), entryOf(now, 'bias').data()])
      return { weight: [...weight], bias: [...bias], state }
    }
    const adam = adamW({ learningRate: 0.1, weightDecay: 0.1 })
    const plain = await run(adam)
    const pruned = await run(chain(adam, keepZeros(), ema(0.5)))
    for (const [at, value] of pruned.bias.entries()) expect(value).toBeCloseTo(plain.bias[at] ?? Number.NaN, 6)
    for (const [at, value] of values.entries()) {
      if (value === 0) expect([pruned.weight[at], plain.weight[at] === 0]).toEqual([0, false])
      else expect(pruned.weight[at]).toBeCloseTo(plain.weight[at] ?? Number.NaN, 6)
    }
    const mask = entryOf(pruned.state.tensors, 'keepZeros.mask.weight')
    expect([...(await mask.data())]).toEqual([0, 1, 1, 0, 1, 0])
    expect(Object.keys(pruned.state.tensors).filter((name) => name.includes('mask'))).toEqual(['keepZeros.mask.weight'])
  })
})
