import { expect, test } from 'vitest'
import { mutatedConfig } from './mutated-config.ts'

test.each(Object.entries(mutatedConfig))(
  '500 mutated files, %s, are read or refused with a UsageError',
  async (_, read) => {
    const { refused } = await read(500, 1)
    expect(refused).toBeGreaterThan(100)
  },
)
