import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorMessage } from '@ddnet/ops/checks'
import { portOf } from '@ddnet/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Misbehaviour, serveBytes } from '../../../../packages/datasets/test/byte-server.ts'
import { CliError } from '../errors.ts'
import { hubAddress } from './hub-address.ts'
import { hubSettings } from './hub-cache.ts'
import { hubFile } from './hub-download.ts'

const commit = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00'
const content = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 31) % 251)
const sha256 = createHash('sha256').update(content).digest('hex')
const small = new TextEncoder().encode('a small file')
const gitSha = createHash('sha1').update(`blob ${small.length}\0`).update(small).digest('hex')

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A folder that goes with the test. */
function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ddnet-hub-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A server on this machine, and what it was asked. */
async function serve(answer: Answer) {
  const asked: string[] = []
  const tokens: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(
      `${request.method} ${request.url}${request.headers.range === undefined ? '' : ` ${request.headers.range}`}`,
    )
    tokens.push(request.headers.authorization)
    answer(request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const close = () => {
    server.closeAllConnections()
    return new Promise((done) => server.close(done))
  }
  onTestFinished(() => void close())
  return { endpoint: `http://127.0.0.1:${portOf(server)}`, asked, tokens, close }
}

/** Bytes from where they are asked for, as a store of large files sends them. */
function sendPart(
  bytes: Uint8Array,
  { headers }: IncomingMessage,
  response: ServerResponse,
  upTo = bytes.length,
): void {
  const begin = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
  const range = begin > 0 ? { 'content-range': `bytes ${begin}-${bytes.length - 1}/${bytes.length}` } : {}
  response.writeHead(begin > 0 ? 206 : 200, { 'content-length': bytes.length - begin, ...range })
  if (upTo === bytes.length) response.end(bytes.subarray(begin))
  else response.write(bytes.subarray(begin, upTo), () => setTimeout(() => response.destroy(), 50))
}

/** As the Hub answers for `timm/tiny`: the weights are in a store, to which it leads; config.json is its own. */
const hub =
  (store: string, { files = ['model.safetensors'] }: { files?: readonly string[] } = {}): Answer =>
  ({ method, url = '' }, response) => {
    const [, owner, name, revision, file = ''] = /^\/([^/]+)\/([^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url) ?? []
    const refuse = (status: number, code: string) => response.writeHead(status, { 'x-error-code': code }).end()
    if (`${owner}/${name}` === 'timm/gated') return refuse(403, 'GatedRepo')
    if (`${owner}/${name}` !== 'timm/tiny') return refuse(401, 'RepoNotFound')
    if (!['main', commit, 'refs%2Fpr%2F1'].includes(revision ?? '')) return refuse(404, 'RevisionNotFound')
    if (file === 'config.json') {
      response.writeHead(200, { etag: `"${gitSha}"`, 'x-repo-commit': commit, 'content-length': small.length })
      return response.end(method === 'HEAD' ? undefined : small)
    }
    if (!files.includes(file)) return refuse(404, 'EntryNotFound')
    response.writeHead(302, {
      location: `${store}/${file}`,
      etag: '"of the redirect"',
      'x-linked-etag': `"${sha256}"`,
      'x-linked-size': content.length,
      'x-repo-commit': commit,
    })
    response.end()
  }

const tiny = hubAddress('hf:timm/tiny')

/** The Hub and its store, two hosts of this machine. */
async function bothServers(send: Answer = (request, response) => sendPart(content, request, response)) {
  const store = await serve(send)
  const front = await serve(hub(store.endpoint.replace('127.0.0.1', 'localhost')))
  const cache = emptyFolder()
  const limits = { stallTimeoutMs: 2000, retryDelayMs: 1 }
  return { store, front, cache, options: { endpoint: front.endpoint, cache, offline: false, limits } }
}

const linked = (path: string) => readlinkSync(path)

describe('hubFile', () => {
  test('brings the weights into a cache as Python has it, and once', async () => {
    const { store, front, cache, options } = await bothServers()
    const { path, file } = await hubFile(tiny, options)
    const folder = join(cache, 'models--timm--tiny')
    expect([path, file]).toEqual([join(folder, 'snapshots', commit, 'model.safetensors'), 'model.safetensors'])
    expect(readFileSync(path)).toEqual(Buffer.from(content))
    expect(linked(path)).toBe(`../../blobs/${sha256}`)
    expect(readFileSync(join(folder, 'refs/main'), 'utf8')).toBe(commit)
    expect(readdirSync(join(folder, 'blobs'))).toEqual([sha256])
    const noted = statSync(join(folder, 'refs/main')).ino
    expect(await hubFile(tiny, options)).toEqual({ path, file })
    expect(statSync(join(folder, 'refs/main')).ino, 'what is known is not written again').toBe(noted)
    expect(store.asked).toEqual(['GET /model.safetensors'])
    expect(front.asked.filter((each) => each.startsWith('GET'))).toHaveLength(1)
    // A commit never changes, so that nobody is asked.
    const before = front.asked.length
    expect((await hubFile({ ...tiny, revision: commit }, options)).path).toBe(path)
    expect(front.asked).toHaveLength(before)
  })

  test('takes a file by its path, and of a revision', async () => {
    const { options, cache, front } = await bothServers()
    const { path } = await hubFile(hubAddress('hf:timm/tiny@refs/pr/1/config.json'), options)
    expect(readFileSync(path, 'utf8')).toBe('a small file')
    expect(linked(path)).toBe(`../../blobs/${gitSha}`)
    expect(readFileSync(join(cache, 'models--timm--tiny/refs/refs/pr/1'), 'utf8')).toBe(commit)
    expect(front.asked[0]).toBe('HEAD /timm/tiny/resolve/refs%2Fpr%2F1/config.json')
  })

  test('takes PyTorch’s file where there is no other', async () => {
    const store = await serve((request, response) => sendPart(content, request, response))
    const front = await serve(hub(store.endpoint, { files: ['pytorch_model.bin'] }))
    const options = { endpoint: front.endpoint, cache: emptyFolder(), offline: false }
    expect((await hubFile(tiny, options)).file).toBe('pytorch_model.bin')
    await expect(hubFile({ ...tiny, file: 'other.pt' }, options)).rejects.toThrow(
      `hf:timm/tiny has no file other.pt. See what it has: ${front.endpoint}/timm/tiny/tree/main`,
    )
    const none = await serve(hub(store.endpoint, { files: [] }))
    await expect(hubFile(tiny, { ...options, endpoint: none.endpoint })).rejects.toThrow(
      'hf:timm/tiny has neither model.safetensors nor pytorch_model.bin. Name its file',
    )
  })

  test('goes on where a download broke off, by itself and in the next command', async () => {
    let breaks = 1
    const { store, options } = await bothServers((request, response) =>
      sendPart(content, request, response, breaks-- > 0 ? 40_000 : content.length),
    )
    const seen: number[] = []
    const { path } = await hubFile(tiny, { ...options, onProgress: ({ received }) => seen.push(received) })
    expect(readFileSync(path)).toEqual(Buffer.from(content))
    expect(store.asked).toEqual(['GET /model.safetensors', 'GET /model.safetensors bytes=40000-'])
    expect(seen.at(-1)).toBe(content.length)

    breaks = 3
    let refusals = 4
    const other = await bothServers((request, response) => {
      const begin = Number(/\d+/.exec(request.headers.range ?? '0')?.[0])
      if (breaks-- > 0) return sendPart(content, request, response, begin + 10_000)
      if (refusals-- > 0) return void response.writeHead(500).end()
      sendPart(content, request, response)
    })
    await expect(hubFile(tiny, other.options)).rejects.toThrow(
      /^hf:timm\/tiny\/model\.safetensors broke off after 30\.0 kB of 100 kB: .*\. The same command goes on from there\.$/,
    )
    await hubFile(tiny, other.options)
    expect(other.store.asked.at(-1)).toBe('GET /model.safetensors bytes=30000-')
  })

  test('begins again where a server knows no ranges', async () => {
    const { cache, options } = await bothServers((_, response) => response.writeHead(200).end(content))
    const blobs = join(cache, 'models--timm--tiny/blobs')
    await hubFile(tiny, options)
    rmSync(join(blobs, sha256))
    rmSync(join(cache, 'models--timm--tiny/snapshots'), { recursive: true })
    writeFileSync(join(blobs, `${sha256}.incomplete`), 'xxx')
    const { path } = await hubFile(tiny, options)
    expect(readFileSync(path)).toEqual(Buffer.from(content))
  })

  test.each<[string, Answer, string | RegExp]>([
    [
      'other bytes',
      (_, response) => response.end(content.toReversed()),
      /it came damaged: expected sha256 \w{64}, got \w{64}\. Try again, or fetch http.* and name the file: weights=FILE$/,
    ],
    [
      'more bytes',
      (_, response) => response.end(Buffer.concat([content, content])),
      'expected 100000 bytes, the server offers 200000. Try again',
    ],
    ['an error', (_, response) => response.writeHead(500).end(), 'HTTP 500 Internal Server Error, after 4 attempts'],
  ])('refuses %s', async (_, answer, message) => {
    const { cache, options } = await bothServers(answer)
    await expect(hubFile(tiny, options)).rejects.toThrow(message)
    await expect(hubFile(tiny, options)).rejects.toThrow('hf:timm/tiny/model.safetensors')
    expect(readdirSync(join(cache, 'models--timm--tiny/blobs'))).not.toContain(sha256)
  })

  test('refuses what is larger than allowed before it is fetched', async () => {
    const { store, options } = await bothServers()
    await expect(hubFile(tiny, { ...options, maxBytes: 50_000 })).rejects.toThrow(
      'hf:timm/tiny/model.safetensors has 100 kB, expected at most 50.0 kB. Take a smaller model.',
    )
    expect(store.asked).toEqual([])
  })

  test('a server that falls silent is left', async () => {
    const { options } = await bothServers((_, response) => {
      response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 10))
    })
    await expect(hubFile(tiny, { ...options, limits: { stallTimeoutMs: 100, retryDelayMs: 1 } })).rejects.toThrow(
      /no more than \d+ bytes came within 0\.1 s/,
    )
  })

  test.each([
    ['hf:timm/gated', 'hf:timm/gated asks for its terms to be accepted: '],
    ['hf:timm/none', 'hf:timm/none: there is no such repository, or it is private. Check the name. Set HF_TOKEN'],
    ['hf:timm/tiny@v9', 'hf:timm/tiny@v9: there is no revision v9.'],
  ])('%s is refused in words', async (text, message) => {
    const { options } = await bothServers()
    await expect(hubFile(hubAddress(text), options)).rejects.toThrow(message)
  })

  test('without a network it is what the cache has, and that is told', async () => {
    const { front, options } = await bothServers()
    const { path } = await hubFile(tiny, options)
    await front.close()
    const told: string[] = []
    expect((await hubFile(tiny, { ...options, log: (message) => told.push(message) })).path).toBe(path)
    expect(told).toEqual([
      expect.stringMatching(
        /cannot be reached \(.*ECONNREFUSED.*\): model\.safetensors is the one of the cache, of c0ffee0\.$/,
      ),
    ])
    expect((await hubFile(tiny, { ...options, offline: true })).path).toBe(path)
    await expect(hubFile({ ...tiny, name: 'other' }, options)).rejects.toThrow(
      /^cannot fetch hf:timm\/other\/model\.safetensors: .*ECONNREFUSED.*\. It is not in the cache .* either\. Check the connection and HF_ENDPOINT=/,
    )
    await expect(hubFile({ ...tiny, name: 'other' }, { ...options, offline: true })).rejects.toThrow(
      'and HF_HUB_OFFLINE forbids to fetch it. Unset it once.',
    )
  })

  test.each<[Misbehaviour, string]>([
    ['drip', 'bytes came within 0.15 s'],
    ['first bytes', 'after 4 attempts that brought nothing, or too little'],
    ['first bytes, no ranges', 'after 4 attempts that brought nothing, or too little'],
    ['login page', 'it sent a web page (text/html; charset=utf-8) in place of the file'],
    ['unnamed login page', 'it sent a web page (by its beginning) in place of the file'],
    ['busy for an hour', 'HTTP 429 Too Many Requests, and asks to come again in 3600 s'],
    ['busy', 'HTTP 503 Service Unavailable, after 4 attempts'],
    ['other range', 'asked for the bytes from 0, got content-range bytes 7-99999/100000'],
    ['other total', 'expected 100000 bytes, the server has 100001'],
    ['shorter', 'expected 100000 bytes, the server offers 99999'],
    ['endless', 'it sends more than the 100000 bytes of the file, so it is another one'],
    ['missing', 'HTTP 404 Not Found'],
  ])('a store of the kind "%s" is given up in words, and a good one goes on', async (kind, reason) => {
    const misbehaviours = new Array<Misbehaviour>(20).fill(kind)
    const store = await serveBytes(content, misbehaviours)
    const front = await serve(hub(new URL(store.url).origin))
    const cache = emptyFolder()
    const limits = { connectTimeoutMs: 2000, stallTimeoutMs: 150, retryDelayMs: 1 }
    const options = { endpoint: front.endpoint, cache, offline: false, limits }
    const error = await hubFile(tiny, options).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(CliError)
    const message = errorMessage(error)
    expect(message).toContain(reason)
    const blobs = join(cache, 'models--timm--tiny/blobs')
    const left = readdirSync(blobs)
    const kept = left.length === 0 ? 0 : statSync(join(blobs, `${sha256}.incomplete`)).size
    expect(left).toHaveLength(left.length === 0 ? 0 : 1)
    expect(kept).toBeLessThan(content.length)
    expect(message).toMatch(
      kept > 0
        ? /^hf:timm\/tiny\/model\.safetensors broke off after .* of 100 kB: .*\. The same command goes on from there\.$/
        : /^cannot download hf:timm\/tiny\/model\.safetensors: .*\. Try again, or fetch .* and name the file: weights=FILE$/,
    )
    misbehaviours.length = 0
    const { path } = await hubFile(tiny, { ...options, limits: { stallTimeoutMs: 2000 } })
    expect(readFileSync(path)).toEqual(Buffer.from(content))
    expect(store.requests.at(-1)?.range).toBe(kept > 0 ? `bytes=${kept}-` : undefined)
  })

  test.runIf(existsSync('/dev/full'))('a full disk is told at once, with the cache (needs /dev/full)', async () => {
    const { store, cache, options } = await bothServers()
    const blobs = join(cache, 'models--timm--tiny/blobs')
    mkdirSync(blobs, { recursive: true })
    symlinkSync('/dev/full', join(blobs, `${sha256}.incomplete`))
    await expect(hubFile(tiny, options)).rejects.toThrow(
      `hf:timm/tiny/model.safetensors cannot be kept in ${cache}: the disk is full. Make it writable with room for the file, or name another folder with HF_HUB_CACHE.`,
    )
    expect(store.asked).toHaveLength(1)
  })

  test('a cache that is no folder is told', async () => {
    const { options } = await bothServers()
    const cache = join(emptyFolder(), 'file')
    writeFileSync(cache, '')
    await expect(hubFile(tiny, { ...options, cache })).rejects.toThrow(`cannot be kept in ${cache}: not a folder. `)
  })

  test('two at once download once', async () => {
    const { store, options } = await bothServers()
    const [first, second] = await Promise.all([hubFile(tiny, options), hubFile(tiny, options)])
    expect(first).toEqual(second)
    expect(readFileSync(first.path)).toEqual(Buffer.from(content))
    expect(store.asked).toHaveLength(1)
  })

  test.each<[string, Answer, RegExp]>([
    [
      'a login page',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>'),
      /does not say its commit, checksum and size, as the Hub does\. It is not in the cache .* either\. Check HF_ENDPOINT, and whether a login page or a proxy is in the way\.$/,
    ],
    [
      'a redirect to one',
      (_, response) => response.writeHead(302, { location: 'http://login.example/' }).end(),
      /Check HF_ENDPOINT, and whether a login page/,
    ],
    [
      'an error',
      (_, response) => response.writeHead(502).end(),
      /the server answers 502\. It is not .* Try again later\.$/,
    ],
    [
      'too many requests',
      (_, response) => response.writeHead(429).end(),
      /too many requests \(429\)\. It is not .* Try again in some minutes, or set HF_TOKEN\.$/,
    ],
  ])('where there is %s in place of the Hub, the cache serves', async (_, answer, reason) => {
    const { options } = await bothServers()
    const { path } = await hubFile(tiny, options)
    const { endpoint } = await serve(answer)
    const told: string[] = []
    expect((await hubFile(tiny, { ...options, endpoint, log: (message) => told.push(message) })).path).toBe(path)
    expect(told).toEqual([expect.stringContaining('model.safetensors is the one of the cache, of c0ffee0.')])
    await expect(hubFile({ ...tiny, name: 'other' }, { ...options, endpoint })).rejects.toThrow(reason)
  })

  test('the token goes to the Hub, and not to the store', async () => {
    const { front, store, options } = await bothServers()
    await hubFile(tiny, { ...options, token: 'hf_secret' })
    expect(new Set(front.tokens)).toEqual(new Set(['Bearer hf_secret']))
    expect(store.tokens).toEqual([undefined])
  })

  test('a link that leads nowhere is made again', async () => {
    const { cache, options } = await bothServers()
    const { path } = await hubFile(tiny, options)
    rmSync(join(cache, 'models--timm--tiny/blobs', sha256))
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    await hubFile(tiny, options)
    expect(statSync(path).size).toBe(content.length)
  })
})

test.each([
  ['hf:timm/resnet18.a1_in1k', { owner: 'timm', name: 'resnet18.a1_in1k', revision: 'main' }],
  ['hf:a/b@v1.0', { owner: 'a', name: 'b', revision: 'v1.0' }],
  ['hf:a/b/folder/x.pt', { owner: 'a', name: 'b', revision: 'main', file: 'folder/x.pt' }],
  ['hf:a/b@dev/x.pt', { owner: 'a', name: 'b', revision: 'dev', file: 'x.pt' }],
])('%s', (text, address) => expect(hubAddress(text)).toEqual(address))

test.each([
  'hf:',
  'hf:a',
  'hf:a/',
  'hf:../b',
  'hf:a/..',
  'hf:a/b/../../c',
  'hf:a/b@..',
  'hf:a/b?x',
  'hf:a b/c',
  'hf:a/b/',
])('%s is no address', (text) => expect(() => hubAddress(text)).toThrow(/expected hf:OWNER\/NAME/))

test('the variables are those of Python', async () => {
  const home = emptyFolder()
  writeFileSync(join(home, 'token'), 'hf_saved\n')
  expect(await hubSettings({ HF_HOME: home })).toEqual({
    endpoint: 'https://huggingface.co',
    cache: join(home, 'hub'),
    token: 'hf_saved',
    offline: false,
  })
  expect(
    await hubSettings({
      ...{
        HF_HOME: home,
        HF_HUB_CACHE: '/c',
        HF_TOKEN: 'hf_mine',
        HF_ENDPOINT: 'https://mirror.example/',
        HF_HUB_OFFLINE: '1',
      },
    }),
  ).toEqual({ endpoint: 'https://mirror.example', cache: '/c', token: 'hf_mine', offline: true })
  expect((await hubSettings({ HOME: '/home/me' })).cache).toBe('/home/me/.cache/huggingface/hub')
})
