import { random, ShapeError, tensor, toHost } from '@ddnet/ops'
import { itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { Embedding } from './embedding.ts'
import { init } from './init.ts'
import { LayerNorm } from './layer-norm.ts'
import { Linear } from './linear.ts'

beforeAll(() => useBackend('cpu'))

test('an embedding gives the rows of its ids', async () => {
  const layer = new Embedding(3, 2)
  layer.weight.assign(tensor([[1, 2], [3, 4], [5, 6]])) // biome-ignore format: a table
  const rows = layer.forward(tensor([[2, 0]], [1, 2], 'int32'))
  expect(rows.shape).toEqual([1, 2, 2])
  expect([...(await toHost(rows)).data]).toEqual([5, 6, 1, 2])
  expect(() => layer.forward(tensor([1]))).toThrow(ShapeError)
})

test('an embedding begins with standard normal numbers, as in PyTorch', async () => {
  const { data } = await toHost(init(new Embedding(100, 50), random.key(1)).weight.value)
  const values = Array.from(data as Float32Array)
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length
  const variance = values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (values.length - 1)
  expect(Math.abs(mean)).toBeLessThan(3.3 / Math.sqrt(5000))
  expect(Math.abs(variance - 1)).toBeLessThan(3.3 * Math.sqrt(2 / 4999))
})

test('a layer norm takes the last axes, one or several, and begins as the plain normalisation', async () => {
  const layer = init(new LayerNorm([2, 2], { eps: 0 }), random.key(1))
  const y = layer.forward(tensor([1, 3, 5, 7, 0, 0, 4, 4], [2, 2, 2]))
  const root = Math.sqrt(5)
  const expected = [-3 / root, -1 / root, 1 / root, 3 / root, -1, -1, 1, 1]
  for (const [at, value] of [...(await toHost(y)).data].entries()) expect(value).toBeCloseTo(itemAt(expected, at), 5)
  expect(init(new LayerNorm(2), random.key(1)).weight?.shape).toEqual([2])
})

test('a weight may be another layer’s', async () => {
  const [table, head] = [new Embedding(5, 3), new Linear(3, 5, { bias: false })]
  head.weight = table.weight
  const model = init({ table, head }, random.key(1))
  expect(model.head.weight.value).toBe(model.table.weight.value)
})
