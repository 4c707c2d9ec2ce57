import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { localCifar10 } from '../src/cifar10/local.node.ts'
import { officialArchive } from '../src/cifar10/sources.ts'
import { serveBytes } from './byte-server.ts'
import { readHostileNames } from './hostile-names.ts'
import { downloadFromHostileServers } from './hostile-servers.ts'
import { listLinkedFolders } from './linked-folders.ts'
import { synthetic, writeBinaryBatches } from './synthetic-cifar10.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('of 500 names made to lead elsewhere, each is refused or stays below the folder', async () => {
  const { refused, below } = await readHostileNames(500, 1)
  expect(refused).toBeGreaterThan(1000)
  expect(below).toBeGreaterThan(100)
})

test('from 60 servers that misbehave a file comes whole, or it is said why not', async () => {
  const { whole, refused } = await downloadFromHostileServers(60, 1)
  expect(whole).toBeGreaterThan(2)
  expect(refused).toBeGreaterThan(10)
})

test.skipIf(process.platform === 'win32')(
  '60 folders full of links are listed, each to its end (no links on Windows)',
  async () => {
    const { names, refused } = await listLinkedFolders(60, 1)
    expect(names).toBeGreaterThan(60)
    expect(refused).toBeGreaterThan(10)
  },
)

test('an archive whose entries lead elsewhere writes nowhere but into the cache', async () => {
  const data = synthetic()
  const [made, root] = [await temporaryFolder(), await temporaryFolder()]
  await writeBinaryBatches(made, data)
  const evil = [
    '../evil',
    '../../evil',
    '/tmp/ddnet-evil',
    'cifar-10-batches-bin/../../evil',
    '__proto__',
    'constructor',
  ]
  const entries = [
    ...evil.map((name) => entry(name, Buffer.from('evil'))),
    entry('cifar-10-batches-bin/link', Buffer.alloc(0), '2'), // a symbolic link, to the folder above
    ...(await readdir(made)).map((name) => entry(`cifar-10-batches-bin/${name}`, readFileSync(join(made, name)))),
  ]
  const archive = gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]))
  const server = await serveBytes(archive)
  const sha256 = createHash('sha256').update(archive).digest('hex')
  const cacheDirectory = join(root, 'deep', 'cache')
  await mkdir(cacheDirectory, { recursive: true })
  const source = officialArchive({ url: server.url, bytes: archive.length, sha256 })
  const { train } = await localCifar10({ cacheDirectory }, { facts: data.facts, sources: [source] })
  expect(train.length).toBe(data.train.length)
  expect((await readdir(root, { recursive: true })).filter((name) => !name.startsWith('deep/cache/cifar10'))).toEqual([
    'deep',
    'deep/cache',
  ])
  expect(await readdir('/tmp')).not.toContain('ddnet-evil')
  expect(Object.keys(Object.prototype)).toEqual([])
})

/** An entry of a tar archive. */
function entry(name: string, content: Buffer, type = '0'): Buffer {
  const header = Buffer.alloc(512)
  header.write(name)
  header.write(content.length.toString(8).padStart(11, '0'), 124)
  header.write(type, 156)
  header.write('..', 157)
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}
