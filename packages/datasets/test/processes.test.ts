import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundleScript } from '@ddnet/testing/bundle'
import { expect, test } from 'vitest'
import type { Archive } from '../src/cifar10/sources.ts'
import { serveArchive } from './synthetic-archive.ts'
import { synthetic } from './synthetic-cifar10.ts'
import { temporaryFolder } from './temporary-folder.ts'

const data = synthetic()
const expectedChecksum = createHash('sha256')
for (const { pixels, label } of data.train) expectedChecksum.update(pixels).update(Uint8Array.of(label))
const expected = expectedChecksum.digest('hex')

function start(
  script: string,
  cacheDirectory: string,
  archive: Archive,
): { process: ChildProcess; output: Promise<string> } {
  const process = spawn(globalThis.process.execPath, [script, cacheDirectory, JSON.stringify(archive)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [process.stdout, process.stderr]) stream?.on('data', (chunk) => (text += chunk))
  return { process, output: new Promise((resolve) => process.on('close', () => resolve(text))) }
}

test('three processes that start at once download once, and all get the images', async () => {
  const script = await bundleScript(new URL('./fill-cache.ts', import.meta.url), await temporaryFolder())
  const cacheDirectory = await temporaryFolder()
  const { archive, server } = await serveArchive(data)
  const outputs = await Promise.all([1, 2, 3].map(() => start(script, cacheDirectory, archive).output))
  expect(outputs).toEqual([expected, expected, expected])
  expect(server.requests.length).toBe(1)
  expect(await readdir(cacheDirectory)).toEqual(['cifar10'])
})

test('after SIGKILL in the middle of a download, the next process continues it', async () => {
  const script = await bundleScript(new URL('./fill-cache.ts', import.meta.url), await temporaryFolder())
  const cacheDirectory = await temporaryFolder()
  const { archive, server } = await serveArchive(data, ['stall'])
  const killed = start(script, cacheDirectory, archive)
  const part = join(cacheDirectory, 'cifar10.downloads', 'cifar-10-binary.tar.gz.part')
  const sizeOfPart = () =>
    stat(part).then(
      ({ size }) => size,
      () => 0,
    )
  while ((await sizeOfPart()) === 0) await sleep(20)
  killed.process.kill('SIGKILL')
  await killed.output
  const size = await sizeOfPart()
  expect(await start(script, cacheDirectory, archive).output).toBe(expected)
  expect(server.requests.map(({ range }) => range)).toEqual([undefined, `bytes=${size}-`])
  expect(await readdir(cacheDirectory)).toEqual(['cifar10'])
})
