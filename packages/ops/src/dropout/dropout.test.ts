import { dropout, mul, ones, random, square, sum, tensor, tidy, valueAndGrads, zeros } from '@ddnet/ops'
import { describeBackends, expectClose, expectShapeError, expectTensorClose, floatsOf, itemAt } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'

const key = random.key(7)
const rates = [0, 0.1, 0.3, 0.5, 0.9, 1]
const shapes = [[13], [3, 5], [2, 3, 5, 1], [1], []]
const cases = shapes.flatMap((shape) => rates.map((rate) => ({ shape, rate })))

/** What decides: whether the key's own uniform numbers are below 1 − rate. */
const maskOf = (size: number, rate: number): number[] =>
  Array.from(random.uniformValues(key, size), (value) => (value < 1 - rate ? 1 / (1 - rate) : 0))

describeBackends('dropout', (backend) => {
  test.each(cases)(
    'of $shape at rate $rate is x · mask / (1 − rate), and so are its gradients',
    async ({ shape, rate }) => {
      const x = random.normal(random.key(1), shape)
      const dy = random.normal(random.key(2), shape)
      const mask = maskOf(x.size, rate)
      const [values, seeds] = [Array.from(await x.data()), Array.from(await dy.data())]
      const by = (factors: number[]): number[] => mask.map((kept, index) => kept * itemAt(factors, index))
      const { value, grads } = valueAndGrads(() => dropout(x, { rate, key }), [x], dy)
      await expectTensorClose(value, { shape, data: by(values) }, 1e-6)
      await expectTensorClose(grads[0], { shape, data: by(seeds) }, 1e-6)

      // The penalty of y² with respect to x: dx = 2 m² x dy, and Σ dx² has the gradient 8 m⁴ x dy².
      const first = () => tidy(() => valueAndGrads(() => square(dropout(x, { rate, key })), [x], dy).grads[0])
      const second = valueAndGrads(() => sum(square(first())), [x])
      const expected = by(by(by(by(values.map((each, index) => 8 * each * itemAt(seeds, index) ** 2)))))
      await expectTensorClose(second.grads[0], { shape, data: expected }, 1e-5)
    },
  )

  test('drops nothing outside training', async () => {
    const x = tensor([1, 2, 3])
    await expectTensorClose(dropout(x, { rate: 0.9, key, training: false }), { shape: [3], data: [1, 2, 3] })
  })

  test('of nothing is empty', () => {
    expect(dropout(zeros([0, 3]), { key }).shape).toEqual([0, 3])
  })

  test('drops the same values for the same key, others for another, and half of them by default', async () => {
    const draw = async (from: random.Key) => Array.from(await floatsOf(dropout(ones([1000]), { key: from })))
    const [once, again, other] = await Promise.all([draw(key), draw(key), draw(key.fold(1))])
    expect(again).toEqual(once)
    expect(other).not.toEqual(once)
    const mask = random.bernoulli(key, [1000], 0.5)
    expectClose(once, await mul(mask, 2).data(), 0)
    const mean = once.reduce((total, value) => total + value, 0) / 1000
    expect(Math.abs(mean - 1)).toBeLessThan(0.1) // three standard deviations
  })

  // WGSL lets an implementation assume that there are no NaNs.
  if (backend !== 'webgpu') {
    test('a NaN stays, even if it is dropped, as in PyTorch', async () => {
      const y = dropout(tensor([1, Number.NaN]), { rate: 1, key })
      expect(Array.from(await y.data())).toEqual([0, Number.NaN])
    })
  }
})

describe('dropout refuses', () => {
  test.each([-0.1, 1.1, Number.NaN])('the rate %d', (rate) => {
    const x = ones([2])
    expectShapeError(() => dropout(x, { rate, key }), `dropout: expected rate in [0, 1], got ${rate}.`)
  })

  test('integers', () => {
    const x = zeros([2], 'int32')
    expectShapeError(() => dropout(x, { key }), /dropout: expected x of dtype float32, got int32/)
  })
})
