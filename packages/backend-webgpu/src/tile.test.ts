import { reshape, sum, tile, valueAndGrads } from '@ddnet/ops'
import { memory, tensor, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import { webgpu } from './index.ts'

beforeAll(async () => {
  await webgpu()
})

test('tile of rank 5 repeats as its parts of lower rank do', async () => {
  const before = memory().numTensors
  const [high, low] = tidy(() => {
    const x = tensor([1, 2, 3, 4, 5, 6], [1, 3, 1, 2, 1])
    // The last axis repeats each value; the first repeats the whole.
    return [tile(x, [2, 1, 1, 1, 3]), tile(reshape(x, [1, 6, 1]), [2, 1, 3])]
  }) as [ReturnType<typeof tile>, ReturnType<typeof tile>]
  expect(high.shape).toEqual([2, 3, 1, 2, 3])
  expect(await high.data()).toEqual(await low.data())
  for (const each of [high, low]) each.dispose()
  expect(memory().numTensors).toBe(before)
})

test('the gradient of a sum has rank 5 again', async () => {
  const x = tensor([1, 2, 3, 4], [1, 2, 1, 2, 1])
  const { value, grads } = valueAndGrads(() => sum(x, [1, 3]), [x])
  expect([...(await (grads[0] as typeof x).data())]).toEqual([1, 1, 1, 1])
  for (const each of [x, value, ...grads]) each.dispose()
})
