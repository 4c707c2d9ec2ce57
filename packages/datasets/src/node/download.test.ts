import { existsSync } from 'node:fs'
import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { portOf } from '@ddnet/testing'
import { expect, onTestFinished, test } from 'vitest'
import { type ByteServer, type Misbehaviour, serveBytes } from '../../test/byte-server.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { DatasetError } from '../dataset-error.ts'
import { type Checksum, gitBlobChecksum, sha256, sha256Checksum } from './checksum.ts'
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
  const checksum = sha256Checksum(sha256(content))
  return { folder, url, file: join(folder, 'archive'), bytes: content.length, checksum, retryDelayMs: 10 }
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
  await expect(download(options)).rejects.toThrow(
    /it came damaged: expected sha256 [0-9a-f]{64}, got [0-9a-f]{64}\. Where it goes on, fetch the file/,
  )
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

test('the part may have another name', async () => {
  const { url, requests } = await serveBytes(content)
  const { folder, ...options } = await setUp(url)
  const part = join(folder, 'archive.incomplete')
  await writeFile(part, content.subarray(0, 12_345))
  await download({ ...options, part })
  expect(requests.map(({ range }) => range)).toEqual(['bytes=12345-'])
  expect(await readdir(folder)).toEqual(['archive'])
})

test('a checksum may be Git’s, of one’s own, or none', async () => {
  const { url } = await serveBytes(content)
  const { folder, ...options } = await setUp(url)
  // printf 'a small file' | git hash-object --stdin
  await writeFile(join(folder, 'small'), 'a small file')
  expect(await gitBlobChecksum('').of(join(folder, 'small'))).toBe('9dedfc166d11aeeb6e7cd0c61b2ddd0fec3a32b2')
  const last: Checksum = { name: 'last byte', expected: '7', of: async (path) => `${(await readFile(path)).at(-1)}` }
  await expect(download({ ...options, checksum: last })).rejects.toThrow(
    `it came damaged: expected last byte 7, got ${content.at(-1)}. Where it goes on`,
  )
  await download({ ...options, checksum: { ...last, expected: `${content.at(-1)}` } })
  await expectContent(options.file)
  await download({ ...options, file: join(folder, 'other'), checksum: undefined })
  await expectContent(join(folder, 'other'))
})

test('a file without bytes is there without a request', async () => {
  const { url, requests } = await serveBytes(content)
  const { folder, ...options } = await setUp(url)
  await download({ ...options, bytes: 0, checksum: sha256Checksum(sha256(new Uint8Array())) })
  expect((await stat(options.file)).size).toBe(0)
  expect(requests).toEqual([])
})

test('headers are sent with each request, and a token stays with its server', async () => {
  const store = await serveBytes(content, ['cut'])
  const asked: (string | undefined)[] = []
  const front = createServer(({ headers }, response) => {
    asked.push(headers.authorization)
    response.writeHead(302, { location: store.url }).end()
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void front.close())
  const { folder, ...options } = await setUp(`http://127.0.0.1:${portOf(front)}/archive`)
  await download({ ...options, headers: { authorization: 'Bearer secret', 'user-agent': 'ddnet' } })
  expect(asked).toEqual(['Bearer secret', 'Bearer secret'])
  expect(store.requests.map((each) => [each.authorization, each['user-agent']])).toEqual([
    [undefined, 'ddnet'],
    [undefined, 'ddnet'],
  ])
})

test('a fetch can be given', async () => {
  const { folder, ...options } = await setUp('https://example.invalid/archive')
  await download({ ...options, fetch: async () => new Response(content) })
  await expectContent(options.file)
})

/** As in `setUp`, with time-outs that a test can wait for. */
const quick = async (url: string) => {
  const { folder, ...options } = await setUp(url)
  return { folder, options: { ...options, connectTimeoutMs: 300, stallTimeoutMs: 150, retryDelayMs: 1 } }
}

test.each<[Misbehaviour, string, number]>([
  [
    'login page',
    'it sent a web page (text/html; charset=utf-8) in place of the file, as networks do that want a login',
    1,
  ],
  ['unnamed login page', 'it sent a web page (by its beginning) in place of the file', 1],
  ['first bytes', 'after 4 attempts that brought nothing, or too little', 5],
  ['first bytes, no ranges', 'after 4 attempts that brought nothing, or too little', 5],
  ['drip', 'bytes came within 0.15 s', 4],
  ['endless', 'it sends more than the 200000 bytes of the file, so it is another one', 1],
  ['other total', 'expected 200000 bytes, the server has 200001', 1],
  ['other range', 'asked for the bytes from 0, got content-range bytes 7-199999/200000', 4],
  ['range not asked for', 'asked for the bytes from 0, got content-range bytes 1-199999/200000', 4],
  ['redirected to itself', 'redirect count exceeded', 21],
  ['busy', 'HTTP 503 Service Unavailable, after 4 attempts', 4],
  ['busy for an hour', 'HTTP 429 Too Many Requests, and asks to come again in 3600 s', 1],
  ['shorter', 'the server offers 199999', 1],
  ['reset', 'fetch failed', 1],
  ['mute', 'no answer within 0.3 s', 1],
])('a server of the kind "%s" is given up, and it is said how to bring the file', async (behaviour, message, most) => {
  const { url, requests } = await serveBytes(content, behaviour)
  const { folder, options } = await quick(url)
  const error = await download(options).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(DatasetError)
  const { message: text } = error as Error
  expect(text).toContain(`cannot download ${url}: `)
  expect(text).toContain(message)
  expect(text).toContain(`and put it there: ${options.file} (200000 bytes, sha256 ${sha256(content)})`)
  expect(requests.length).toBeLessThanOrEqual(most)
  const left = await readdir(folder)
  expect(left.filter((name) => name !== 'archive.part')).toEqual([])
  for (const name of left) expect((await stat(join(folder, name))).size).toBeLessThanOrEqual(content.length)
})

test.each<[string, Misbehaviour[]]>([
  ['answers with another range', ['other range']],
  ['has no such range', ['no such range']],
  ['ignores ranges, and cuts first', ['cut', 'ignore range']],
  ['is busy for a moment', ['busy', 'busy']],
])('from a server that %s the file comes whole, from the start', async (_, behaviours) => {
  const { url } = await serveBytes(content, behaviours)
  const { options } = await quick(url)
  await writeFile(`${options.file}.part`, new Uint8Array(12_345).fill(7)) // of another file, as the checksum will tell
  await download(options)
  await expectContent(options.file)
})

test('what is there is kept where a login page is in the way', async () => {
  const { url } = await serveBytes(content, 'login page')
  const { folder, options } = await quick(url)
  await writeFile(`${options.file}.part`, content.subarray(0, 12_345))
  await expect(download(options)).rejects.toThrow('web page')
  expect(await readdir(folder)).toEqual(['archive.part'])
})

test('a part that is longer than the file is not gone on with', async () => {
  const { url, requests } = await serveBytes(content)
  const { options } = await quick(url)
  await writeFile(`${options.file}.part`, new Uint8Array(content.length + 1))
  await download(options)
  expect(requests.length).toBe(1)
  await expectContent(options.file)
})

test('a file that was brought by hand is taken', async () => {
  const { options } = await quick('http://127.0.0.1:1/archive')
  await writeFile(options.file, content)
  await download(options)
})

test('many short connections are no failure, as long as they bring the file on', async () => {
  const { url, requests } = await serveBytes(content, new Array(12).fill('cut'))
  const { options } = await quick(url)
  await download({ ...options, stallTimeoutMs: 2000 })
  expect(requests.length).toBeGreaterThan(6)
  await expectContent(options.file)
})

test.runIf(existsSync('/dev/full'))('a full disk is the system’s error, at once (needs /dev/full)', async () => {
  const { url, requests } = await serveBytes(content)
  const { options } = await quick(url)
  await symlink('/dev/full', `${options.file}.part`)
  await expect(download(options)).rejects.toMatchObject({ code: 'ENOSPC' })
  expect(requests.length).toBe(1)
})
