import { recordFigures } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { readHostileNames } from './hostile-names.ts'
import { downloadFromHostileServers } from './hostile-servers.ts'
import { listLinkedFolders } from './linked-folders.ts'

// Other names every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)

test(`20,000 names that lead elsewhere, in five kinds of indexes (DDNET_SEED=${seed})`, async () => {
  const { refused, below } = await readHostileNames(20_000, seed)
  expect(refused + below).toBe(100_000)
  const how = `a DatasetError (${refused.toLocaleString('en-US')}), or below the folder`
  recordFigures('cases', 'an index names files elsewhere', { tries: refused + below, well: refused + below, how })
})

test(`600 downloads from servers that misbehave (DDNET_SEED=${seed})`, async () => {
  const { whole, refused } = await downloadFromHostileServers(600, seed)
  const how = `the file comes whole (${whole}), or a DatasetError says why not and how to bring it; no more on the disk than the file`
  recordFigures('cases', 'a server misbehaves in a download', { tries: whole + refused, well: whole + refused, how })
})

test(`1,000 folders full of links (DDNET_SEED=${seed})`, async () => {
  await listLinkedFolders(1_000, seed)
  const how = 'the listing ends, has every file, and leads through no folder twice'
  recordFigures('cases', 'folders of images have links, to anywhere', { tries: 1_000, well: 1_000, how })
})
