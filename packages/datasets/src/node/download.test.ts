import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ByteServer, serveBytes } from '../../test/byte-server.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { type Download, download } from './download.ts'

const content = Uint8Array.from({ length: 200_000 }, (_, at) => (at * 31) % 251)

async function expectContent(file: string): Promise<void> {
  expect((await readFile(file)).equals(content), `${file} has the content`).toBe(true)
}

/** Where each request began; 0 is a request without a range. */
const starts = ({ requests }: ByteServer): number[] =>
  requests.map(({ range = 'bytes=0-' }) => Number(/^bytes=(\d+)-$/.exec(range)?.[1]))

async function setUp(url: string): Promise<Download & { folder: string }> {
  const folder = await temporaryFolder()
  const sha256 = createHash('sha256').update(content).digest('hex')
  return { folder, url, file: join(folder, 'archive'), bytes: content.length, sha256, retryDelayMs: 10 }
}

test('a file arrives whole under its name, with progress', async () => {
  const { url } = await serveBytes(content)
  const { folder, ...options } = await setUp(url)
  const progress: number[] = []
  await download({ ...options, onProgress: (received) => progress.push(received) })
  expect(await readdir(folder)).toEqual(['archive'])
  await expectContent(options.file)
  expect(progress.at(-1)).toBe(content.length)
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
})

test('a cut connection is resumed where it broke', async () => {
  const server = await serveBytes(content, ['cut', 'cut'])
  const { folder, ...options } = await setUp(server.url)
  await download(options)
  const [first, second = 0, third = 0] = starts(server)
  expect(first).toBe(0)
  expect(second).toBeGreaterThan(0)
  expect(third).toBeGreaterThan(second)
  expect(starts(server).length).toBe(3)
  expect(await readdir(folder)).toEqual(['archive'])
  await expectContent(options.file)
})

test('a stalled connection is given up and resumed', async () => {
  const server = await serveBytes(content, ['stall'])
  const { folder, ...options } = await setUp(server.url)
  await download({ ...options, stallTimeoutMs: 500 })
  expect(starts(server)).toEqual([0, expect.any(Number)])
  expect(starts(server)[1]).toBeGreaterThan(0)
  await expectContent(options.file)
})

test('what an earlier process left in .part is continued', async () => {
  const { url, requests } = await serveBytes(content)
  const { folder, ...options } = await setUp(url)
  await writeFile(`${options.file}.part`, content.subarray(0, 12_345))
  await download(options)
  expect(requests.map(({ range }) => range)).toEqual(['bytes=12345-'])
  await expectContent(options.file)
})

test('a server without ranges starts over', async () => {
  const { url } = await serveBytes(content, ['ignore range'])
  const { folder, ...options } = await setUp(url)
  await writeFile(`${options.file}.part`, new Uint8Array(12_345).fill(7))
  await download(options)
  await expectContent(options.file)
})

test('a file that is there already is not fetched again', async () => {
  const { url, requests } = await serveBytes(content)
  const { folder, ...options } = await setUp(url)
  await download(options)
  await download(options)
  expect(requests.length).toBe(1)
})

test('other content is refused and removed', async () => {
  const other = content.slice()
  other[777] = 0
  const { url } = await serveBytes(other)
  const { folder, ...options } = await setUp(url)
  await expect(download(options)).rejects.toThrow(/came damaged: expected sha256 [0-9a-f]{64}, got/)
  expect(await readdir(folder)).toEqual([])
})

test('a server that offers another size is refused before anything is read', async () => {
  const { url } = await serveBytes(content.subarray(1))
  const { folder, ...options } = await setUp(url)
  await expect(download(options)).rejects.toThrow('expected 200000 bytes, the server offers 199999')
  expect(await readdir(folder)).toEqual([])
})

test('without a network it fails at once, naming the address', async () => {
  const { folder, ...options } = await setUp('http://127.0.0.1:1/archive')
  // A second attempt would come long after the test's time is over.
  await expect(download({ ...options, retryDelayMs: 3_600_000 })).rejects.toThrow(
    /cannot download http:\/\/127.0.0.1:1\/archive/,
  )
})

test('a server that does not answer is given up after the connect timeout', async () => {
  const { url, requests } = await serveBytes(content, ['mute'])
  const { folder, ...options } = await setUp(url)
  await expect(download({ ...options, connectTimeoutMs: 200 })).rejects.toThrow('no answer within 0.2 s')
  expect(requests.length).toBe(1)
})

test('HTTP errors are told', async () => {
  const { url } = await serveBytes(content, ['missing'])
  const { folder, ...options } = await setUp(url)
  await expect(download(options)).rejects.toThrow('HTTP 404')
})

test('a download that breaks off for good ends, and keeps what came', async () => {
  const { url, requests } = await serveBytes(content, ['cut', 'missing', 'missing', 'missing', 'missing'])
  const { folder, ...options } = await setUp(url)
  await expect(download(options)).rejects.toThrow('HTTP 404')
  expect(requests.length).toBe(5)
  expect((await readFile(`${options.file}.part`)).length).toBeGreaterThan(0)
})

test('a fetch can be given', async () => {
  const { folder, ...options } = await setUp('https://example.invalid/archive')
  await download({ ...options, fetch: async () => new Response(content) })
  await expectContent(options.file)
})
