import {
  gather,
  matMul,
  mul,
  random,
  scaledDotProductAttention,
  slice,
  softmax,
  type Tensor,
  tensor,
  tidy,
} from '@ddnet/ops'
import { describeBackends, expectClose, itemAt, tuple } from '@ddnet/testing'
import fc from 'fast-check'
import { test } from 'vitest'

const size = (max: number) => fc.integer({ min: 1, max })
const shapes = fc.record({
  seed: fc.nat({ max: 1000 }),
  batch: size(3),
  length: size(5),
  keys: size(6),
  features: size(4),
  values: size(3),
})

type Given = { q: Tensor; k: Tensor; v: Tensor; seed: number; keys: number }

describeBackends('scaledDotProductAttention', (backend) => {
  // Each shape compiles pipelines on WebGPU.
  const runs = { seed: 12, numRuns: backend === 'webgpu' ? 4 : 30 }
  const same = (one: (given: Given) => Tensor, other: (given: Given) => Tensor) =>
    fc.assert(
      fc.asyncProperty(shapes, async ({ seed, batch, length, keys, features, values }) => {
        const key = random.key(seed)
        const q = random.normal(key.fold(1), [batch, length, features])
        const k = random.normal(key.fold(2), [batch, keys, features])
        const v = random.normal(key.fold(3), [batch, keys, values])
        const [a, b] = tuple(
          [one, other].map((run) => tidy(() => run({ q, k, v, seed, keys }))),
          2,
        )
        expectClose(await a.data(), await b.data(), 1e-5)
        for (const used of [q, k, v, a, b]) used.dispose()
      }),
      runs,
    )

  test('is softmax(q kᵀ / √features) v', () =>
    same(
      ({ q, k, v }) => scaledDotProductAttention(q, k, v),
      ({ q, k, v }) => matMul(softmax(mul(matMul(q, k, false, true), itemAt(q.shape, 2) ** -0.5)), v),
    ))

  test('does not depend on the order of the keys', () =>
    same(
      ({ q, k, v }) => scaledDotProductAttention(q, k, v),
      ({ q, k, v, seed, keys }) => {
        const order = tensor(Int32Array.from(random.permutation(random.key(seed), keys)), [keys], 'int32')
        return scaledDotProductAttention(q, gather(k, order, 1), gather(v, order, 1))
      },
    ))

  test('without the last keys is a mask that takes them out', () =>
    same(
      ({ q, k, v, keys }) => {
        const few = Math.ceil(keys / 2)
        const first = (x: Tensor): Tensor => slice(x, [0, 0, 0], [-1, few, -1])
        return scaledDotProductAttention(q, first(k), first(v))
      },
      ({ q, k, v, keys }) => {
        const kept = Uint8Array.from({ length: keys }, (_, index) => (index < Math.ceil(keys / 2) ? 1 : 0))
        return scaledDotProductAttention(q, k, v, { mask: tensor(kept, [1, keys], 'bool') })
      },
    ))

  test('causal: a query sees what it would see alone', () =>
    same(
      ({ q, k, v, keys }) => {
        const last = Math.min(keys, itemAt(q.shape, 1)) - 1
        return slice(scaledDotProductAttention(q, k, v, { causal: true }), [0, last, 0], [-1, 1, -1])
      },
      ({ q, k, v, keys }) => {
        const last = Math.min(keys, itemAt(q.shape, 1)) - 1
        const seen = (x: Tensor): Tensor => slice(x, [0, 0, 0], [-1, last + 1, -1])
        return scaledDotProductAttention(slice(q, [0, last, 0], [-1, 1, -1]), seen(k), seen(v))
      },
    ))
})
