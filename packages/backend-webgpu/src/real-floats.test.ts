import { cast, cumsum, grad, greater, max, mean, min, reshape, sum, transpose } from '@ddnet/ops'
import { memory, prod, type Tensor, tensor, tensor3d, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { webgpu } from './index.ts'

beforeAll(async () => {
  await webgpu()
})

/** The values of a result, and nothing left of it. */
async function values(compute: () => Tensor): Promise<number[]> {
  const before = memory().numTensors
  const result = tidy(compute)
  const numbers = [...(await result.data())]
  result.dispose()
  expect(memory().numTensors).toBe(before)
  return numbers
}

/** [[1, 0, 1], [0, 0, 1]] as float32, in a buffer of integers. */
const mask = (): Tensor =>
  cast(
    greater(
      tensor([
        [2, -1, 3],
        [-4, 0, 5],
      ]),
      0,
    ),
    'float32',
  )

describe('a mask that was cast to float32', () => {
  test('is transposed', async () => {
    expect(await values(() => transpose(mask()))).toEqual([1, 0, 0, 0, 1, 1])
  })

  test('is reduced over its first axis', async () => {
    expect(await values(() => max(mask(), 0))).toEqual([1, 0, 1])
    expect(await values(() => min(mask(), 0))).toEqual([0, 0, 1])
    expect(await values(() => prod(mask(), 0))).toEqual([0, 0, 1])
  })

  test('is summed up over its first axis', async () => {
    expect(await values(() => cumsum(mask(), 0))).toEqual([1, 0, 1, 1, 0, 2])
  })

  test('is summed over axes of size 1', async () => {
    const x = (): Tensor => reshape(mask(), [3, 1, 2])
    expect(await values(() => sum(x(), [0, 1]))).toEqual([2, 1])
    expect(await values(() => sum(x(), 1))).toEqual([1, 0, 1, 0, 0, 1])
    expect(await values(() => mean(x(), 1))).toEqual([1, 0, 1, 0, 0, 1])
  })

  test('is what the gradient of a maximum over the last axes is made of', async () => {
    const x = (): Tensor => tensor3d([1, 2, 3, 4, 8, 7, 6, 5], [2, 2, 2])
    expect(await values(() => grad((each: Tensor) => max(each, [1, 2]))(x()))).toEqual([0, 0, 0, 1, 1, 0, 0, 0])
  })
})
