import { embedding, matMul, mul, oneHot, random, sum, tensor, tidy, valueAndGrads } from '@ddnet/ops'
import { describeBackends, expectClose } from '@ddnet/testing'
import fc from 'fast-check'
import { test } from 'vitest'

const given = fc
  .record({
    count: fc.integer({ min: 2, max: 9 }),
    features: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat({ max: 1000 }),
  })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      ids: fc.array(fc.nat({ max: shape.count - 1 }), { minLength: 1, maxLength: 12 }),
    }),
  )

describeBackends('embedding', (backend) => {
  const runs = { seed: 13, numRuns: backend === 'webgpu' ? 5 : 40 }

  test('is the product with one-hot rows, and its gradient is the adjoint: ⟨f t, y⟩ = ⟨t, fᵀ y⟩', () =>
    fc.assert(
      fc.asyncProperty(given, async ({ shape: { count, features, seed }, ids }) => {
        const key = random.key(seed)
        const table = random.normal(key.fold(1), [count, features])
        const dy = random.normal(key.fold(2), [ids.length, features])
        const chosen = tensor(ids, [ids.length], 'int32')
        const { value, grads } = valueAndGrads(() => embedding(chosen, table), [table], dy)
        const [product, left, right] = tidy(() => [
          matMul(oneHot(chosen, count), table),
          sum(mul(value, dy)),
          sum(mul(table, grads[0])),
        ])
        expectClose(await value.data(), await product.data(), 1e-6)
        expectClose(await left.data(), await right.data(), 1e-5)
        for (const used of [table, dy, chosen, value, ...grads, product, left, right]) used.dispose()
      }),
      runs,
    ))
})
