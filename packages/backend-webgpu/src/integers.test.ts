import { all, any, argMax, max, min, prod, transpose } from '@ddnet/ops'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import { webgpu } from './index.ts'

beforeAll(async () => {
  await webgpu()
})

const integers = (): Tensor =>
  tensor(
    [
      [3, -1, 2 ** 30 + 1],
      [-4, 0, 5],
    ],
    [2, 3],
    'int32',
  )
const flags = (): Tensor => tensor([1, 0, 1, 1, 0, 0], [2, 3], 'bool')
const values = async (x: Tensor): Promise<number[]> => [...(await x.data())]

test('integers and truth values are transposed, exactly', async () => {
  const turned = transpose(integers())
  expect(turned.dtype).toBe('int32')
  expect(await values(turned)).toEqual([3, -4, -1, 0, 2 ** 30 + 1, 5])
  const solid = tensor([...Array(24).keys()], [2, 3, 4], 'int32')
  const expected = [0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23]
  expect(await values(transpose(solid, [2, 1, 0]))).toEqual(expected)
  expect(transpose(flags()).dtype).toBe('bool')
  expect(await values(transpose(flags()))).toEqual([1, 1, 0, 0, 1, 0])
})

test('integers and truth values are reduced over the first axis', async () => {
  expect(await values(max(integers(), 0))).toEqual([3, 0, 2 ** 30])
  expect(await values(min(integers(), 0))).toEqual([-4, -1, 5])
  expect(await values(argMax(integers(), 0))).toEqual([0, 1, 0])
  expect(prod(tensor([3, -1, 2, -4, 0, 5], [2, 3], 'int32'), 0, true).shape).toEqual([1, 3])
  expect(await values(prod(tensor([3, -1, 2, -4, 0, 5], [2, 3], 'int32'), 0))).toEqual([-12, 0, 10])
  expect(await values(any(flags(), 0))).toEqual([1, 0, 1])
  expect(await values(all(flags(), 0))).toEqual([1, 0, 0])
})
