import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listCheckpoints, memoryStorage, packStorage, tarStorage } from '@ddnet/trainer'
import { diskStorage } from '@ddnet/trainer/node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeTar } from '../../src/storage/tar.ts'
import { storageCases } from './cases.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddnet-storage-'))
})
afterEach(() => rm(folder, { recursive: true }))

const storages = {
  disk: async () => diskStorage(folder, 'runs/a'),
  'a folder of the disk that is not there': async () => diskStorage(join(folder, 'not/yet'), 'runs/a'),
  memory: async () => memoryStorage(),
  tar: async () => tarStorage('run.tar', await packStorage(memoryStorage())),
}

describe.each(Object.entries(storages))('%s', (_, make) => {
  test.each(storageCases)('$name', async ({ run }) => {
    await run(await make())
  })
})

test('what a killed process left half-written on the disk is no checkpoint, is not packed, and is removed', async () => {
  await mkdir(join(folder, '.unfinished-step=000002'))
  await writeFile(join(folder, '.unfinished-step=000002/model.safetensors'), 'half')
  await writeFile(join(folder, '.unfinished-index.json'), 'half')
  const storage = diskStorage(folder)
  expect(await listCheckpoints(storage)).toEqual([])
  expect(tarStorage('run.tar', await packStorage(storage)).files()).toEqual([])
  await storage.removeLeftovers()
  expect(await readdir(folder)).toEqual([])
})

test('a link on the disk is told as one, and what it leads to is not packed', async () => {
  await mkdir(join(folder, 'run'))
  await writeFile(join(folder, 'outside'), 'mine')
  await symlink('../outside', join(folder, 'run/link'))
  const storage = diskStorage(join(folder, 'run'))
  expect(await storage.kind('link')).toBe('link')
  expect(tarStorage('run.tar', await packStorage(storage)).files()).toEqual([])
})

test.each(['../x', '/x', 'a//x', 'a/../../x', 'a/./x', 'a\\x'])(
  'a tar file with a file %j is refused',
  async (name) => {
    expect(() => tarStorage('run.tar', writeTar([{ name, bytes: new Uint8Array(1) }], 0))).toThrow(
      'expected the path of a file in it',
    )
  },
)

test('of two files of one path in a tar file the later one counts, as tar unpacks it', async () => {
  const tar = writeTar(
    [
      { name: './a', bytes: Uint8Array.of(1) },
      { name: 'a', bytes: Uint8Array.of(2) },
    ],
    0,
  )
  expect(tarStorage('run.tar', tar).files()).toEqual([{ name: 'a', bytes: Uint8Array.of(2) }])
})
