import { expect, test } from 'vitest'
import { mutatedSafetensors } from './mutated-safetensors.ts'

test.each(Object.entries(mutatedSafetensors))(
  '500 mutated safetensors files, %s, are read or refused with a SafetensorsError',
  async (_, read) => {
    const { refused } = await read(500, 1)
    expect(refused).toBeGreaterThan(250)
  },
)
