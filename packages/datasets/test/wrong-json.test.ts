import { expect, test } from 'vitest'
import { wrongJson } from './wrong-json.ts'

test.each(Object.entries(wrongJson))(
  'any value in any place of a %s is read, or refused with a DatasetError',
  async (_, read) => {
    const { tries, refused } = await read()
    expect(tries).toBeGreaterThan(100)
    expect(refused).toBeGreaterThan(tries / 3)
  },
)
