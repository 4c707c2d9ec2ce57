import { argMax } from '@ddnet/ops'
import { greater, tensor, where } from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import { webgpu } from './index.ts'

beforeAll(async () => {
  await webgpu()
})

test('where of rank 5 chooses each value', async () => {
  const x = tensor([1, -2, 3, -4, 5, -6, 7, -8], [2, 1, 2, 1, 2])
  const y = where(greater(x, 0), x, tensor([0, 1, 0, 2, 0, 3, 0, 4], x.shape))
  expect(y.shape).toEqual([2, 1, 2, 1, 2])
  expect([...(await y.data())]).toEqual([1, 1, 3, 2, 5, 3, 7, 4])
})

test('argMax of rank 6 takes the first NaN', async () => {
  const x = tensor([1, Number.NEGATIVE_INFINITY, 3, 4, 0, 6, 2, 9], [2, 1, 2, 1, 1, 2])
  expect([...(await argMax(x, 0).data())]).toEqual([0, 1, 0, 1])
})
