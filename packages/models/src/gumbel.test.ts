import { add, argMax, grad, mul, oneHot, random, softmax, sum, type Tensor, tensor } from '@ddnet/ops'
import { describeBackends, expectTensorClose, itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { gumbelNoise, gumbelSoftmax } from './gumbel.ts'

const key = random.key(3)
const hostOf = async (x: Tensor) => ({ shape: x.shape, data: await x.data() })

describeBackends('gumbelSoftmax', () => {
  const logits = () => tensor([1, -2, 0.5, 3, 0, 0], [2, 3])

  test('is the softmax of logits and noise over the temperature', async () => {
    const noise = await gumbelNoise(key, [2, 3]).data()
    const rows = [0, 3].flatMap((begin) => {
      const values = [1, -2, 0.5, 3, 0, 0].slice(begin, begin + 3)
      const powers = values.map((value, at) => Math.exp((value + itemAt(noise, begin + at)) / 0.7))
      const total = powers.reduce((all, each) => all + each, 0)
      return powers.map((each) => each / total)
    })
    await expectTensorClose(gumbelSoftmax(logits(), key, { temperature: 0.7 }), { shape: [2, 3], data: rows }, 2e-6)
  })

  test('hard gives a one at the largest, and the gradient of the soft ones', async () => {
    const weights = tensor([1, 2, 3, 4, 5, 6], [2, 3])
    const run = (hard: boolean) => grad((x: Tensor) => sum(mul(weights, gumbelSoftmax(x, key, { hard }))))(logits())
    const largest = argMax(gumbelSoftmax(logits(), key), -1)
    await expectTensorClose(gumbelSoftmax(logits(), key, { hard: true }), await hostOf(oneHot(largest, 3)), 1e-6)
    await expectTensorClose(run(true), await hostOf(run(false)), 1e-6)
  })
})

describe('Gumbel noise', () => {
  beforeAll(() => useBackend('cpu'))

  test('draws each class as often as the softmax says', async () => {
    const logits = tensor([0, 1, 2])
    const draws = await argMax(add(logits, gumbelNoise(key, [20_000, 3])), -1).data()
    const shares = await softmax(logits).data()
    const chiSquare = [0, 1, 2].reduce((total, label) => {
      const expected = 20_000 * itemAt(shares, label)
      return total + (draws.filter((each) => each === label).length - expected) ** 2 / expected
    }, 0)
    expect(chiSquare).toBeLessThan(13.82) // χ² of 2 degrees of freedom at 0.999
  })

  test('refuses a temperature that is not above 0', () => {
    expect(() => gumbelSoftmax(tensor([1, 2]), key, { temperature: 0 })).toThrow(
      'gumbelSoftmax: expected a temperature above 0, got 0.',
    )
  })
})
