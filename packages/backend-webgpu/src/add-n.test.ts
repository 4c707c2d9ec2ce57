import { addN, engine, matMul, ones, tensor2d, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import { webgpu } from './index.ts'

beforeAll(async () => {
  await webgpu()
})

test.each([2, 7, 8, 15, 40])('addN sums %i tensors', async (count) => {
  const total = tidy(() =>
    addN(Array.from({ length: count }, (_, index) => matMul(tensor2d([[index + 1]]), ones([1, 4])))),
  )
  expect([...(await total.data())]).toEqual(new Array(4).fill((count * (count + 1)) / 2))
  total.dispose()
})

test('addN keeps no partial sum', async () => {
  const backend = engine().backend as unknown as { numDataIds(): number }
  const terms = Array.from({ length: 20 }, () => matMul(ones([1, 1]), ones([1, 4])))
  await terms.at(-1)?.data()
  const before = backend.numDataIds()
  const total = addN(terms)
  await total.data()
  total.dispose()
  expect(backend.numDataIds()).toBe(before)
  for (const term of terms) term.dispose()
})
