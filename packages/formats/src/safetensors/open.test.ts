import { readFileSync } from 'node:fs'
import fs, { copyFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { entryOf, portOf } from '@ddnet/testing'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { decodeSafetensors } from './decode.ts'
import { encodeSafetensors } from './encode.ts'
import { openSafetensors } from './open.ts'
import { SafetensorsError } from './safetensors-error.ts'

const url = new URL('../../fixtures/reference.safetensors', import.meta.url)
const bytes = readFileSync(url)
const { tensors, metadata } = decodeSafetensors(bytes)

/** Serves the fixture with ranges, `/whole` without them; remembers what was asked for. */
const ranges: string[] = []
const server = createServer((request, response) => {
  const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '')
  ranges.push(request.headers.range ?? '')
  if (request.url === '/missing') return response.writeHead(404).end()
  if (request.url === '/whole' || range === null) return response.writeHead(200).end(bytes)
  const [begin, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, bytes.length)]
  response.writeHead(206, { 'Content-Range': `bytes ${begin}-${end - 1}/${bytes.length}` })
  response.end(bytes.subarray(begin, end))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const served = (name: string) => new URL(name, `http://127.0.0.1:${portOf(server)}`)
const temporary = path.join(tmpdir(), `ddnet-open-${process.pid}.safetensors`)
afterAll(async () => {
  server.close()
  await rm(temporary, { force: true })
})
afterEach(() => vi.restoreAllMocks())

test.each<[string, string | URL | Blob]>([
  ['a path', fileURLToPath(url)],
  ['a file URL', url],
  ['a Blob', new Blob([bytes])],
  ['a server', served('/ranges')],
])('reads from %s what decodeSafetensors reads', async (_, source) => {
  const file = await openSafetensors(source)
  expect(file.metadata).toEqual(metadata)
  expect(Object.keys(file.entries)).toEqual(Object.keys(tensors))
  for (const [name, tensor] of Object.entries(tensors)) {
    expect(file.entries[name]).toEqual({ dtype: tensor.dtype, shape: tensor.shape })
    expect(await file.read(name)).toEqual(tensor)
  }
  await expect(file.read('b.bias')).rejects.toThrow("safetensors: there is no tensor 'b.bias', but 10 others: ")
  await file.close()
})

test('reads the header and the tensor that was asked for, and nothing else', async () => {
  const large = { dtype: 'float32', shape: [250_000], data: new Float32Array(250_000) } as const
  await writeFile(
    temporary,
    encodeSafetensors({ a: large, b: { ...large, shape: [250_000] }, c: entryOf(tensors, 'c.bytes') }),
  )
  const realOpen = fs.open
  const read: number[] = []
  const handle = await realOpen(temporary, 'r')
  const prototype = Object.getPrototypeOf(handle)
  await handle.close()
  const realRead = prototype.read
  vi.spyOn(prototype, 'read').mockImplementation(async function (this: unknown, ...parameters: unknown[]) {
    const result = await realRead.apply(this, parameters)
    read.push(result.bytesRead)
    return result
  })
  const file = await openSafetensors(temporary)
  const header = read.reduce((sum, count) => sum + count)
  expect(header).toBeLessThan(300)
  expect((await file.read('c')).data).toEqual(Uint8Array.of(0, 1, 127, 128, 255))
  expect(read.reduce((sum, count) => sum + count)).toBe(header + 5)
  await file.close()
})

test('asks a server for these bytes alone', async () => {
  ranges.length = 0
  const file = await openSafetensors(served('/ranges'))
  await file.read('c.bytes')
  const end = 8 + Number(bytes.readBigUInt64LE(0))
  expect(ranges.slice(0, -1)).toEqual(['bytes=0-7', 'bytes=0-7', `bytes=8-${end - 1}`])
  expect(ranges.at(-1)).toMatch(/^bytes=\d{3}-\d{3}$/)
})

test('goes on with the file that it opened when another one takes its name', async () => {
  await copyFile(url, temporary)
  const file = await openSafetensors(temporary)
  await writeFile(`${temporary}.new`, 'another')
  await fs.rename(`${temporary}.new`, temporary)
  expect(await file.read('b.weight')).toEqual(tensors['b.weight'])
  await file.close()
})

test.each<[string, string | URL | Blob, string]>([
  ['a file that is cut', new Blob([bytes.subarray(0, 700)]), 'cut off'],
  ['an empty one', new Blob([]), 'this is not a safetensors file, but empty. Download it again'],
  ['one that is none', new Blob(['no safetensors file']), 'This is probably not a safetensors file'],
  ['a server without ranges', served('/whole'), 'got 200. The server knows no ranges: fetch the whole file'],
  ['an address without a file', served('/missing'), 'expected status 206 for bytes 0 to 8, got 404. Check the address'],
  ['a path without a file', '/no/such/file', 'safetensors: cannot open /no/such/file: there is no such file.'],
  ['a folder', tmpdir(), 'it is a folder'],
  ['a web page', new Blob(['<!DOCTYPE html><html>']), 'but a web page. Download it again'],
  ['a server that is not there', new URL('http://127.0.0.1:9/x'), 'cannot fetch http://127.0.0.1:9/x'],
])('refuses %s', async (_, source, message) => {
  await expect(openSafetensors(source)).rejects.toThrow(message)
  await expect(openSafetensors(source)).rejects.toThrow(SafetensorsError)
})
