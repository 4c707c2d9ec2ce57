import { recordFigures } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { MAX_HELD, readBombs } from './bombs.ts'

test('files that unpack to 4 GB, in every chunk and container', async () => {
  const { tries, refused, maxHeld } = await readBombs(4e9)
  expect(refused).toBeGreaterThanOrEqual(4)
  const how = `read, or a DatasetError (${refused}), holding ${Math.ceil(maxHeld / 1e6)} of the ${Math.floor(MAX_HELD / 1e6)} MB allowed`
  recordFigures('cases', 'an image or IDX file unpacks to 4 GB', { tries, well: tries, how })
})
