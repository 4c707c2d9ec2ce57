import { expect, test } from 'vitest'
import { mutatedFiles } from './mutated-files.ts'

test.each(Object.entries(mutatedFiles))(
  '300 mutated files, %s, are read or refused with a DatasetError',
  async (_, read) => {
    const { refused } = await read(300, 1)
    expect(refused).toBeGreaterThan(50)
  },
)
