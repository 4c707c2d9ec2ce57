import { recordFigures } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { readHostileNames } from './hostile-names.ts'

// Other names every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)

test(`20,000 names that lead elsewhere, in five kinds of indexes (DDNET_SEED=${seed})`, async () => {
  const { refused, below } = await readHostileNames(20_000, seed)
  expect(refused + below).toBe(100_000)
  const how = `a DatasetError (${refused.toLocaleString('en-US')}), or below the folder`
  recordFigures('cases', 'an index names files elsewhere', { tries: refused + below, well: refused + below, how })
})
