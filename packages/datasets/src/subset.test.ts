import { itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import type { Dataset } from './dataset.ts'
import { subset } from './subset.ts'

const letters: Dataset<string> = { length: 4, get: async (index) => itemAt(['a', 'b', 'c', 'd'], index) }
const all = (dataset: Dataset<string>) =>
  Promise.all(Array.from({ length: dataset.length }, (_, index) => dataset.get(index)))

test('a count takes the first', async () => {
  expect(await all(subset(letters, 2))).toEqual(['a', 'b'])
})

test('indices are taken in their order', async () => {
  expect(await all(subset(letters, [3, 0, 3]))).toEqual(['d', 'a', 'd'])
})

test('what is not there is refused', async () => {
  expect(() => subset(letters, 5)).toThrow('subset: expected a count in 0 … 4, the length of the dataset, got 5')
  expect(() => subset(letters, -1)).toThrow('got -1')
  expect(() => subset(letters, [4])).toThrow('expected an index in 0 … 3, got 4')
  await expect(subset(letters, 2).get(2)).rejects.toThrow('expected an index in 0 … 1, got 2')
})

test('the synchronous way is kept where there is one', () => {
  expect(subset(letters, 1).getSync).toBeUndefined()
  expect(subset({ ...letters, getSync: (index) => 'abcd'[index] }, [2]).getSync?.(0)).toBe('c')
})
