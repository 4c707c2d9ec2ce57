import { expect, test } from 'vitest'
import { readBombs } from './bombs.ts'

test('files that unpack to 200 MB, in every chunk and container, take no more than a part of it', async () => {
  const { tries, refused } = await readBombs(200e6)
  expect(tries).toBe(18)
  expect(refused).toBeGreaterThanOrEqual(4)
})
