import { createHash } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { portOf } from '@ddnet/testing'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { npmFiles } from './npm-files.ts'

/** A tar file by its format: a header of 512 bytes with name, size and checksum, the content filled up to 512. */
function tarOf(files: Readonly<Record<string, string>>): Uint8Array {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write('000644 \0', 100)
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('        0', 148)
    header.write('ustar\x0000', 257)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    const body = Buffer.alloc(Math.ceil(content.length / 512) * 512)
    body.write(content)
    return [header, body]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

const tarball = tarOf({
  'package/package.json': '{"name":"some-data","version":"1.0.0"}',
  'package/data/a.txt': 'hello',
})
const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
const some = { spec: 'some-data@1.0.0', integrity, bytes: tarball.length }

/** A registry that has the package; how often its tarball was asked for. */
async function registry(): Promise<{ readonly asked: number }> {
  const count = { asked: 0 }
  const server = createServer((request, response) => {
    const port = portOf(server)
    if (request.url?.endsWith('.tgz')) {
      count.asked++
      response.writeHead(200)
      response.end(tarball)
      return
    }
    const dist = { tarball: `http://127.0.0.1:${port}/a.tgz`, integrity }
    const version = { name: 'some-data', version: '1.0.0', dist }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ name: 'some-data', 'dist-tags': {}, versions: { '1.0.0': version } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  process.env['npm_config_registry'] = `http://127.0.0.1:${portOf(server)}/`
  onTestFinished(() => {
    delete process.env['npm_config_registry']
    server.closeAllConnections()
    server.close()
  })
  return count
}

test('a package is fetched once, and its files are read from the cache', async () => {
  const count = await registry()
  const cache = await temporaryFolder()
  const said: string[] = []
  const options = { cacheDirectory: cache, log: (message: string) => void said.push(message) }
  const files = await npmFiles(some, options)
  expect(await files.list()).toEqual(['data/a.txt', 'package.json'])
  expect(new TextDecoder().decode(await files.read('data/a.txt'))).toBe('hello')
  await expect(files.read('b.txt')).rejects.toThrow(/some-data@1\.0\.0\.tgz: b\.txt is missing/)
  await npmFiles(some, { ...options, fetch: false })
  expect(count.asked).toBe(1)
  expect(said).toEqual(['fetching some-data@1.0.0 by npm, because nothing is cached'])
  expect(await readdir(join(cache, 'npm'))).toEqual(['some-data@1.0.0.tgz'])
})

test('another package than the one that was meant is refused, and not kept', async () => {
  await registry()
  const cache = await temporaryFolder()
  const other = { ...some, integrity: `sha512-${createHash('sha512').update('other').digest('base64')}` }
  await expect(npmFiles(other, { cacheDirectory: cache })).rejects.toThrow(
    'some-data@1.0.0 came damaged: expected sha512',
  )
  await expect(npmFiles(some, { cacheDirectory: cache, fetch: false })).rejects.toThrow(
    'some-data@1.0.0 is not in the cache: there is no ',
  )
  await mkdir(join(cache, 'npm'), { recursive: true })
  await writeFile(join(cache, 'npm/some-data@1.0.0.tgz'), tarball.subarray(0, 100))
  await expect(npmFiles(some, { cacheDirectory: cache })).rejects.toThrow(
    /Remove .*some-data@1\.0\.0\.tgz; the next call/,
  )
  await expect(npmFiles({ ...some, integrity: 'sha1-abc' })).rejects.toThrow(
    "expected the integrity of some-data@1.0.0 as 'sha512-…'",
  )
})
