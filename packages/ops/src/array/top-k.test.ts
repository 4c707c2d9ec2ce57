import { describeBackends, describeOp, entryOf, expectShapeError, operatorFixtures, upload } from '@ddnet/testing'
import { type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { square } from './arithmetic.ts'
import { argSort, sort, topK } from './top-k.ts'

// biome-ignore lint/suspicious/noExplicitAny: each operator's own options
const operators: Record<string, (x: Tensor, options: any) => { values: Tensor; indices: Tensor }> = {
  topK: (x, { k, ...options }) => topK(x, k, options),
  sort,
}

for (const [name, run] of Object.entries(operators)) {
  describeOp(name, { inputs: ['x'], run: ({ x }, options) => tidy(() => square(run(x, options).values)) })
  describeBackends(`${name}, indices`, () => {
    test.each(operatorFixtures(name).filter(({ nan }) => nan !== true))('$name', async ({ options, tensors }) => {
      const expected = entryOf(tensors, 'indices')
      const { indices } = run(upload(entryOf(tensors, 'x')), options)
      expect([indices.dtype, indices.shape]).toEqual(['int32', expected.shape])
      expect([...(await indices.data())]).toEqual([...expected.data])
    })
  })
}

describeBackends('order', () => {
  test('puts the first of equal values first', async () => {
    const { indices } = topK(tensor([3, 1, 3, 2, 3]), 4)
    expect([...(await indices.data())]).toEqual([0, 2, 4, 3])
  })

  test('takes integers', async () => {
    const { values, indices } = topK(tensor([3, -9, 7, 0], [4], 'int32'), 3, { largest: false })
    expect([values.dtype, ...(await values.data()), ...(await indices.data())]).toEqual(['int32', -9, 0, 3, 1, 3, 0])
  })

  test('of argSort is the indices of sort, along the last axis unless told', async () => {
    const x = tensor([3, 1, 2, 0, 5, 4], [2, 3])
    const orders = [argSort(x), argSort(x, { descending: true }), argSort(x, { axis: 0 })]
    expect(orders.map(({ dtype, shape }) => [dtype, ...shape])).toEqual(Array(3).fill(['int32', 2, 3]))
    expect(await Promise.all(orders.map(async (order) => [...(await order.data())]))).toEqual([
      [1, 2, 0, 0, 2, 1],
      [0, 2, 1, 1, 2, 0],
      [1, 0, 0, 0, 1, 1],
    ])
  })

  test('reaches to the infinities', async () => {
    const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    const { values } = sort(tensor([0, high, low, 1]))
    expect([...(await values.data())]).toEqual([low, 0, 1, high])
  })

  test('says what does not fit', () => {
    const zeros2x3 = zeros([2, 3])
    const bools3 = zeros([3], 'bool')
    const zerosScalar = zeros([])
    expectShapeError(() => topK(zeros2x3, 4), /topK: expected k in 0 … 3, axis 1 of x \[2,3\], got 4/)
    expectShapeError(() => topK(zeros2x3, -1), /got -1/)
    expectShapeError(() => topK(zeros2x3, 1, { axis: 2 }), /topK: expected an axis/)
    expectShapeError(() => topK(bools3, 1), /topK: expected float32 or int32 x, got bool/)
    expectShapeError(() => sort(zerosScalar), /sort: expected an axis/)
    expectShapeError(() => argSort(zerosScalar), /argSort: expected an axis/)
  })
})
