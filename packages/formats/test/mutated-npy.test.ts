import { expect, test } from 'vitest'
import { mutatedNpy } from './mutated-npy.ts'

test.each(Object.entries(mutatedNpy))('500 mutated %s files are read or refused with an NpyError', async (_, read) => {
  const { refused } = await read(500, 1)
  expect(refused).toBeGreaterThan(250)
})
