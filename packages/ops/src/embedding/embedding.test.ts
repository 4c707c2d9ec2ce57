import { type EmbeddingOptions, embedding, ones, sum, type Tensor, tensor, valueAndGrads, zeros } from '@ddnet/ops'
import { describeBackends, describeOp, expectShapeError, expectTensorClose } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'

describeOp('embedding', {
  inputs: ['table'],
  constants: ['ids'],
  run: ({ ids, table }, options) => embedding(ids, table, options),
})

const ids = (...values: number[]): Tensor => tensor(values, [values.length], 'int32')

describeBackends('embedding', (backend) => {
  test('adds up the gradients of a row that is chosen again', async () => {
    const table = ones([3, 2])
    const dy = tensor([
      [1, 2],
      [4, 8],
      [16, 32],
    ])
    const { grads } = valueAndGrads(() => embedding(ids(2, 0, 2), table), [table], dy)
    await expectTensorClose(grads[0], { shape: [3, 2], data: [4, 8, 0, 0, 17, 34] })
  })

  test('gives padding no gradient, of one value too', async () => {
    const table = ones([3, 1])
    const gradientOf = (id: number) =>
      valueAndGrads(() => sum(embedding(ids(id), table, { paddingIndex: 1 })), [table]).grads[0]
    await expectTensorClose(gradientOf(1), { shape: [3, 1], data: [0, 0, 0] })
    await expectTensorClose(gradientOf(2), { shape: [3, 1], data: [0, 0, 1] })
  })

  test('of no ids is empty, and its gradient zeros', async () => {
    const table = ones([3, 2])
    expect(embedding(zeros([0, 4], 'int32'), table).shape).toEqual([0, 4, 2])
    const { grads } = valueAndGrads(
      () => embedding(zeros([0], 'int32'), table, { paddingIndex: 1 }),
      [table],
      zeros([0, 2]),
    )
    await expectTensorClose(grads[0], { shape: [3, 2], data: [0, 0, 0, 0, 0, 0] })
  })

  if (backend === 'cpu' || backend === 'wasm') {
    test.each([3, -1])('refuses the id %d', (id) => {
      expect(() => embedding(ids(0, id), ones([3, 2]))).toThrow(
        new RangeError(`embedding: expected ids in 0 … 2, got ${id} at position 1 of [2].`),
      )
    })
  }
})

describe('embedding refuses', () => {
  const run = (given: Tensor, table: Tensor, options?: EmbeddingOptions) => () => embedding(given, table, options)
  test.each<[string, () => () => unknown, RegExp]>([
    ['a vector as table', () => run(ids(0), ones([3])), /table \[count, features\], got float32 \[3\]/],
    ['an integer table', () => run(ids(0), zeros([3, 2], 'int32')), /table \[count, features\], got int32 \[3,2\]/],
    ['float ids', () => run(ones([3]), ones([3, 2])), /expected int32 ids, got float32. Cast them/],
    ['another paddingIndex', () => run(ids(0), ones([3, 2]), { paddingIndex: 3 }), /paddingIndex in -3 … 2 .* got 3/],
    ['half of one', () => run(ids(0), ones([3, 2]), { paddingIndex: 0.5 }), /paddingIndex in -3 … 2 .* got 0.5/],
  ])('%s', (_, make, message) => expectShapeError(make(), message))
})
