import { once } from 'node:events'
import { createDeflate, createGzip, type Gzip } from 'node:zlib'
import { crc32 } from '@ddnet/ops/checks'
import sharp from 'sharp'
import { DatasetError } from '../src/dataset-error.ts'
import type { Files } from '../src/files/files.ts'
import { decodeImage } from '../src/images/decode-image.node.ts'
import { decodeMask } from '../src/images/decode-mask.ts'
import { readIdx } from '../src/sources/idx.ts'

/** What reading a file of a few MB may hold at once, whatever it says that it unpacks to. */
export const MAX_HELD = 96 * 2 ** 20

const join = (...parts: (Uint8Array | string)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)))

function chunk(type: string, data: Uint8Array): Buffer {
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(join(type, data)))
  return join(length, type, data, sum)
}

/** `beginning` and so many zeros, packed piece by piece. */
async function packed(stream: Gzip, count: number, beginning: Uint8Array = new Uint8Array()): Promise<Buffer> {
  const parts: Buffer[] = []
  stream.on('data', (part: Buffer) => parts.push(part))
  stream.write(beginning)
  const piece = new Uint8Array(2 ** 20)
  for (let left = count; left > 0; left -= piece.length) {
    if (!stream.write(piece.subarray(0, left))) await once(stream, 'drain')
  }
  stream.end()
  await once(stream, 'end')
  return Buffer.concat(parts)
}

/** Files that unpack to `bytes`, or promise it, by what they are, and who reads them. */
async function bombs(
  bytes: number,
): Promise<Record<string, { file: Uint8Array; read: (file: Uint8Array) => unknown }>> {
  const noise = sharp(
    Uint8Array.from({ length: 300 }, (_, at) => (at * 37) % 256),
    { raw: { width: 10, height: 10, channels: 3 } },
  )
  const [png, gif, progressive] = await Promise.all([
    noise.clone().greyscale().toColourspace('b-w').png().toBuffer(),
    noise.clone().gif().toBuffer(),
    noise.clone().jpeg({ progressive: true }).toBuffer(),
  ])
  const [before, after] = [png.subarray(0, 33), png.subarray(33)]
  const zeros = await packed(createDeflate({ level: 9 }), bytes)
  const beside = Object.fromEntries(
    ['iCCP', 'zTXt', 'iTXt', 'eXIf', 'acTL', 'abCd'].map((type) => {
      const names: Record<string, string> = { iCCP: 'a\0\0', zTXt: 'a\0\0', iTXt: 'a\0\x01\0\0\0' }
      return [type, join(before, chunk(type, join(names[type] ?? '', zeros)), after)]
    }),
  )
  const picture = gif.subarray(gif.indexOf(',', 13), -1)
  const scans = progressive.subarray(progressive.indexOf(Buffer.of(0xff, 0xda)), -2)
  const idx = (count: number): Buffer => {
    const header = Buffer.from([0, 0, 8, 1, 0, 0, 0, 0])
    header.writeUInt32BE(count, 4)
    return header
  }
  const filesOf = (content: Uint8Array): Files => ({
    list: async () => ['a'],
    read: async () => content,
    path: (name) => name,
  })
  const read = (file: Uint8Array) => readIdx(filesOf(file), 'a')
  const times = (part: Uint8Array, size: number): Uint8Array[] => Array(Math.ceil(size / part.length)).fill(part)
  return {
    'a mask with more data than pixels': {
      file: join(before, chunk('IDAT', zeros), chunk('IEND', Buffer.alloc(0))),
      read: (file) => decodeMask(file, 'a'),
    },
    ...Object.fromEntries(
      Object.entries(beside).flatMap(([type, file]) => [
        [`a mask with ${type}`, { file, read: (bytes: Uint8Array) => decodeMask(bytes, 'a') }],
        [`an image with ${type}`, { file, read: (bytes: Uint8Array) => decodeImage(bytes, 'a') }],
      ]),
    ),
    'an image with a thousand profiles': {
      file: join(before, ...Array(1000).fill(chunk('iCCP', join('a\0\0', zeros.subarray(0, 5000)))), after),
      read: (file) => decodeImage(file, 'a'),
    },
    'IDX with more than its header says': { file: await packed(createGzip({ level: 9 }), bytes, idx(1)), read },
    'IDX with what its header says': { file: await packed(createGzip({ level: 9 }), bytes, idx(bytes)), read },
    'a GIF of many pictures': {
      file: join(gif.subarray(0, -1), ...times(picture, bytes / 1000), ';'),
      read: (file) => decodeImage(file, 'a'),
    },
    'a JPEG of many scans': {
      file: join(progressive.subarray(0, -2), ...times(scans, bytes / 1000), '\xff\xd9'),
      read: (file) => decodeImage(file, 'a'),
    },
  }
}

/** Reads every bomb: it is refused with a DatasetError or read, and holds no more than `MAX_HELD` at any time. */
export async function readBombs(bytes: number): Promise<{ tries: number; refused: number; maxHeld: number }> {
  let [refused, maxHeld] = [0, 0]
  const all = Object.entries(await bombs(bytes))
  for (const [name, { file, read }] of all) {
    const start = held()
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, held() - start)
    }, 1)
    try {
      await read(file)
    } catch (error) {
      if (!(error instanceof DatasetError)) throw new Error(`${name}: ${error}`, { cause: error })
      refused++
    } finally {
      clearInterval(watch)
    }
    most = Math.max(most, held() - start)
    if (most > MAX_HELD) throw new Error(`${name}: it held ${most} bytes, expected at most ${MAX_HELD}`)
    maxHeld = Math.max(maxHeld, most)
  }
  return { tries: all.length, refused, maxHeld }
}

function held(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
