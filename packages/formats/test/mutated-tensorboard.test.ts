import { expect, test } from 'vitest'
import { mutatedTensorBoard } from './mutated-tensorboard.ts'

test.each(Object.entries(mutatedTensorBoard))(
  '500 mutated %s are read or refused with a TensorBoardError',
  async (_, read) => {
    const { refused } = await read(500, 1)
    expect(refused).toBeGreaterThan(100)
  },
)
