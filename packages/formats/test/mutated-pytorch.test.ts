import { expect, test } from 'vitest'
import { mutatedPyTorch } from './mutated-pytorch.ts'

test.each(Object.entries(mutatedPyTorch))(
  '500 mutated files (%s) are read or refused with a PyTorchError',
  async (_, read) => {
    const { refused } = await read(500, 1)
    expect(refused).toBeGreaterThan(150)
  },
)
