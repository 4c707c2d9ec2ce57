import { crc32 } from '@ddnet/ops/checks'
import { defined, itemAt } from '@ddnet/testing'
import { decode, encode } from 'fast-png'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { DatasetError } from '../dataset-error.ts'
import { decodeMask } from './decode-mask.ts'
import { decodePng } from './decode-png.ts'

const noise = (count: number) => Uint8Array.from({ length: count }, (_, at) => Math.imul(at ^ 99, 2654435761) >>> 24)
const picture = (width: number, height: number, channels: 1 | 3 | 4) =>
  sharp(noise(width * height * channels), { raw: { width, height, channels } })

async function pack(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new CompressionStream('deflate'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

function chunk(type: string, data: Uint8Array): Buffer {
  const content = Buffer.concat([Buffer.from(type), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(content))
  return Buffer.concat([length, content, sum])
}

/** A grey PNG of 8 bits whose rows are `rows`, with their filters. */
async function png(width: number, height: number, rows: Uint8Array, ...others: Buffer[]): Promise<Buffer> {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])
  const end = chunk('IEND', Buffer.alloc(0))
  return Buffer.concat([signature, chunk('IHDR', header), ...others, chunk('IDAT', await pack(rows)), end])
}

describe('values are those that another decoder reads', () => {
  test.each<[string, () => Promise<Uint8Array>]>([
    ['grey', () => picture(13, 9, 1).toColourspace('b-w').png().toBuffer()],
    ['RGB', () => picture(13, 9, 3).png({ adaptiveFiltering: true }).toBuffer()],
    ['RGBA', () => picture(13, 9, 4).png({ adaptiveFiltering: true }).toBuffer()],
    ['RGB of 16 bits', () => picture(13, 9, 3).toColourspace('rgb16').png().toBuffer()],
    ['interlaced RGB', () => picture(13, 9, 3).png({ progressive: true }).toBuffer()],
    ['interlaced, one column', () => picture(1, 9, 3).png({ progressive: true }).toBuffer()],
    ['interlaced, one pixel', () => picture(1, 1, 3).png({ progressive: true }).toBuffer()],
    ['interlaced RGB of 16 bits', () => picture(13, 9, 3).toColourspace('rgb16').png({ progressive: true }).toBuffer()],
    ['a palette', () => picture(13, 9, 3).png({ palette: true }).toBuffer()],
    ['fast-png’s', async () => encode({ width: 5, height: 3, channels: 2, data: noise(30) })],
  ])('%s', async (_, make) => {
    const file = await make()
    const [ours, theirs] = [await decodePng(file, 'a'), decode(file)]
    expect([ours.width, ours.height, ours.channels, ours.depth]).toEqual([
      theirs.width,
      theirs.height,
      theirs.channels,
      theirs.depth,
    ])
    expect(ours.data).toEqual(theirs.data)
  })

  test.each([1, 2, 4])('an interlaced palette of %i bits', async (bits) => {
    const colors = Uint8Array.from({ length: 3 * 2 ** bits }, (_, at) => Math.floor(at / 3) * (at % 3 === 0 ? 15 : 1))
    const places = noise(11 * 7).map((value) => value % 2 ** bits)
    const pixels = Uint8Array.from({ length: 11 * 7 * 3 }, (_, at) =>
      itemAt(colors, 3 * itemAt(places, Math.floor(at / 3)) + (at % 3)),
    )
    const file = await sharp(pixels, { raw: { width: 11, height: 7, channels: 3 } })
      .png({ palette: true, colors: 2 ** bits, dither: 0, progressive: true })
      .toBuffer()
    const { data, colors: own, depth } = await decodePng(file, 'a')
    expect(depth).toBeLessThanOrEqual(bits)
    const seen = Array.from(data).flatMap((place) => [...defined(own).subarray(3 * place, 3 * place + 3)])
    const shown = await sharp(file).removeAlpha().raw().toBuffer()
    expect(seen).toEqual([...shown])
  })
})

describe('a mask is refused', () => {
  test.each<[string, () => Promise<Uint8Array>, RegExp]>([
    ['that holds more than its pixel', () => png(1, 1, new Uint8Array(3)), /more than the 1×1 pixels that it promises/],
    ['that holds less', () => png(2, 2, new Uint8Array(5)), /holds 5 of the 6 bytes that it promises/],
    ['with a filter that there is not', () => png(1, 1, Uint8Array.of(5, 0)), /a row has the filter 5, expected 0 … 4/],
    [
      'whose pixels do not unpack',
      async () => {
        const file = await png(1, 1, new Uint8Array(2))
        const at = file.indexOf('IDAT')
        return Buffer.concat([file.subarray(0, at - 4), chunk('IDAT', noise(9)), chunk('IEND', new Uint8Array())])
      },
      /its pixels do not unpack/,
    ],
    ['of colors', () => picture(3, 3, 3).png().toBuffer(), /got 3 channels/],
  ])('%s', async (_, make, message) => {
    const file = await make()
    await expect(decodeMask(file, 'a')).rejects.toThrow(DatasetError)
    await expect(decodeMask(file, 'a')).rejects.toThrow(message)
  })
})

/** The most memory that `run` held at once, in bytes, beside what was held before. */
async function peakOf(run: () => Promise<unknown>): Promise<number> {
  const held = () => process.memoryUsage().heapUsed + process.memoryUsage().external
  const before = held()
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, held() - before)
  }, 1)
  await run()
  clearInterval(watch)
  return Math.max(most, held() - before)
}

test('a mask of 1×1 whose data unpack to 300 MB is refused after a piece of them', async () => {
  const file = await png(1, 1, new Uint8Array(300e6))
  expect(file.length).toBeLessThan(400_000)
  expect(await peakOf(() => expect(decodeMask(file, 'a')).rejects.toThrow('more than the 1×1 pixels'))).toBeLessThan(
    40e6,
  )
})

test('what lies beside a mask is not unpacked', async () => {
  const zeros = await pack(new Uint8Array(300e6))
  const beside = ['iCCP', 'zTXt', 'iTXt'].map((type) => chunk(type, Buffer.concat([Buffer.from('a\0\0'), zeros])))
  const file = await png(1, 1, Uint8Array.of(0, 7), ...beside)
  expect(await peakOf(async () => expect([...(await decodeMask(file, 'a')).mask]).toEqual([7]))).toBeLessThan(40e6)
})
