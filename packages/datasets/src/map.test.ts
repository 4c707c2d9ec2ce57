import { random } from '@ddnet/ops'
import { itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import type { Dataset } from './dataset.ts'
import { map, type Transform } from './map.ts'

const numbers: Dataset<number> = { length: 3, get: async (index) => index }
const synchronous: Dataset<number> = { ...numbers, getSync: (index) => index }

test('transforms apply from left to right', async () => {
  const mapped = map(
    numbers,
    (x) => x + 1,
    (x) => x * 10,
  )
  expect(mapped.length).toBe(3)
  expect(await mapped.get(1)).toBe(20)
})

test('a transform may change the type', async () => {
  expect(await map(numbers, (x) => `sample ${x}`).get(2)).toBe('sample 2')
})

test('every transform draws from its own key, in nested maps too, and the same key gives the same', async () => {
  const draws: number[] = []
  const draw: Transform<number> = (x, { key }) => {
    draws.push(itemAt(key?.bits(1), 0))
    return x
  }
  const mapped = map(map(numbers, draw, draw), draw, draw)
  await mapped.get(0, { key: random.key(5) })
  expect(new Set(draws).size).toBe(4)
  const first = draws.splice(0)
  await mapped.get(0, { key: random.key(5) })
  expect(draws).toEqual(first)
})

test('the synchronous way is kept where there is one, and gives the same', async () => {
  const key = random.key(6)
  const noisy: Transform<number> = (x, options) => x + itemAt(options.key?.bits(1), 0)
  expect(map(numbers, noisy).getSync).toBeUndefined()
  const mapped = map(synchronous, noisy, noisy)
  expect(mapped.getSync?.(2, { key })).toBe(await mapped.get(2, { key }))
})
