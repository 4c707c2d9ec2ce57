import { readFileSync } from 'node:fs'
import { fixtureUrl } from '@ddnet/testing'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, test } from 'vitest'
import { DatasetError } from '../dataset-error.ts'
import { decodeImage } from './decode-image.node.ts'
import { openImage } from './open-image.node.ts'

const [width, height] = [60, 200]
/** A picture that no format can make small, so that most of its file is pixels. */
const noise = (): Sharp =>
  sharp(
    Uint8Array.from({ length: width * height * 3 }, (_, at) => Math.imul(at ^ (at >>> 7) ^ 99, 2654435761) >>> 24),
    { raw: { width, height, channels: 3 } },
  )

const baseline = await noise().jpeg({ optimiseCoding: false, chromaSubsampling: '4:4:4' }).toBuffer()
const progressive = await noise().jpeg({ progressive: true }).toBuffer()
const png = await noise().png().toBuffer()
const restarted = readFileSync(fixtureUrl('datasets/jpegs/progressive-restarts.jpg'))
const gif = await noise().gif().toBuffer()
const webp = await noise().webp().toBuffer()
const avif = await noise().avif().toBuffer()
const tagged = await noise().tiff({ compression: 'none' }).toBuffer()

const join = (...parts: (Uint8Array | string | readonly number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))))
const chunk = (type: string, data: Uint8Array, { crc = crcOf(join(type, data)) } = {}): Buffer => {
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc)
  return join(length, type, data, sum)
}
function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1
  }
  return ~crc >>> 0
}
const put = (bytes: Uint8Array, at: number, ...values: number[]): Buffer => {
  const copy = Buffer.from(bytes)
  copy.set(values, at)
  return copy
}
const remove = (bytes: Buffer, at: number, count: number): Buffer =>
  join(bytes.subarray(0, at), bytes.subarray(at + count))
/** Before the `number`th of the marker. */
const markerAt = (jpeg: Buffer, marker: number, number = 0): number => {
  let at = -1
  for (let left = number; left >= 0; left--) at = jpeg.indexOf(Buffer.of(0xff, marker), at + 1)
  return at
}
const scan = markerAt(baseline, 0xda)
const spectral = scan + 2 + baseline.readUInt16BE(scan + 2) - 3
const afterHeader = 33 // of a PNG

describe('what browsers show has the pixels of the whole file', () => {
  test.each<[string, Buffer, Buffer]>([
    ['a JPEG with the scan parameters of some phones', put(baseline, spectral, 0, 0, 0), baseline],
    ['a JPEG without its end', baseline.subarray(0, -2), baseline],
    ['a JPEG with half of its end', baseline.subarray(0, -1), baseline],
    ['a JPEG padded with zeros in place of its end', join(baseline.subarray(0, -2), Buffer.alloc(4096)), baseline],
    [
      'a JPEG with zeros before its end',
      join(baseline.subarray(0, -2), [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xd9]),
      baseline,
    ],
    ['a JPEG with text behind its end', join(baseline, 'and more of it'), baseline],
    ['a JPEG with a second image, as a phone’s MPF', join(baseline, progressive), baseline],
    ['a JPEG with bytes between its parts', join(baseline.subarray(0, scan), 'abc', baseline.subarray(scan)), baseline],
    ['a JPEG with restarts and without its end', restarted.subarray(0, -2), restarted],
    ['a JPEG filled with 0xff', join(baseline.subarray(0, scan), [255, 255, 255], baseline.subarray(scan)), baseline],
    [
      'a JPEG of an unknown version',
      join([0xff, 0xd8, 0xff, 0xe0, 0, 16], 'JFIF\0', [7, 1, 0, 0, 1, 0, 1, 0, 0], baseline.subarray(2)),
      baseline,
    ],
    ['a progressive JPEG without its end', progressive.subarray(0, -2), progressive],
    [
      'a PNG with a wrong checksum beside the picture',
      join(png.subarray(0, afterHeader), chunk('tEXt', Buffer.from('a\0b'), { crc: 1 }), png.subarray(afterHeader)),
      png,
    ],
    ['a PNG without its end', png.subarray(0, -12), png],
    [
      'a PNG with a colour profile that is none',
      join(png.subarray(0, afterHeader), chunk('iCCP', Buffer.from('a\0\0abc')), png.subarray(afterHeader)),
      png,
    ],
    ['a PNG with text behind its end', join(png, 'and more of it'), png],
    ['a GIF without its end', gif.subarray(0, -1), gif],
    ['a GIF without its last two bytes', gif.subarray(0, -2), gif],
    ['a GIF that is cut in its second picture', join(gif.subarray(0, -1), ',', Buffer.alloc(9), [8, 255, 1]), gif],
  ])('%s', async (_, file, whole) => {
    expect(await decodeImage(file, 'a.png')).toEqual(await decodeImage(whole, 'a.jpg'))
  })

  test.each<[string, (image: Sharp) => Promise<Buffer>]>([
    ['16 bits', (image) => image.toColourspace('rgb16').png().toBuffer()],
    ['grey', (image) => image.greyscale().png().toBuffer()],
    ['a palette', (image) => image.png({ palette: true }).toBuffer()],
    ['interlaced', (image) => image.png({ progressive: true }).toBuffer()],
    ['CMYK', (image) => image.toColourspace('cmyk').jpeg().toBuffer()],
    ['lossless WebP', (image) => image.webp({ lossless: true }).toBuffer()],
    ['WebP', (image) => image.webp().toBuffer()],
    ['AVIF', (image) => image.avif({ lossless: true }).toBuffer()],
    ['TIFF', (image) => image.tiff({ compression: 'none' }).toBuffer()],
    ['tiled TIFF', (image) => image.tiff({ tile: true }).toBuffer()],
  ])('%s', async (_, encode) => {
    const file = await encode(noise())
    const { data } = await sharp(file).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    const image = await decodeImage(file, 'a')
    expect(image.shape).toEqual([height, width, 3])
    if (data.length === image.data.length) expect(Buffer.compare(image.data, data)).toBe(0)
  })
})

const half = (file: Buffer): Buffer => file.subarray(0, Math.round(file.length / 2))

describe('what lacks pixels is refused', () => {
  test.each<[string, Buffer]>([
    ['a cut JPEG', half(baseline)],
    ['a JPEG that lacks a hundredth', baseline.subarray(0, -Math.round(baseline.length / 100))],
    ['a cut JPEG with an end', join(half(baseline), [0xff, 0xd9])],
    ['a JPEG whose second half is zeros', join(half(baseline), Buffer.alloc(baseline.length / 2))],
    ['a JPEG whose middle is missing', remove(baseline, Math.round(baseline.length / 2), baseline.length >> 3)],
    ['a cut progressive JPEG', half(progressive)],
    ['a progressive JPEG cut between scans', progressive.subarray(0, markerAt(progressive, 0xda, 4))],
    ['a JPEG that is cut before its pixels', baseline.subarray(0, scan)],
    ['a cut PNG', half(png)],
    [
      'a PNG that lacks its last pixels, without its end',
      join(png.subarray(0, afterHeader), chunk('IDAT', png.subarray(41, 500))),
    ],
    ['a PNG whose pixels were changed', put(png, png.length >> 1, 0, 1, 2)],
    ['a cut GIF', half(gif)],
    ['a GIF cut in its last hundredth', gif.subarray(0, -Math.round(gif.length / 100))],
    ['a cut WebP', half(webp)],
    ['a cut AVIF', half(avif)],
    ['a cut TIFF', half(tagged)],
  ])('%s', async (_, file) => {
    const refusal = await decodeImage(file, 'the file').catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(DatasetError)
    expect(String(refusal)).toMatch(/^DatasetError: the file (is|has|says) .*(cut off|damaged).*\.$/)
  })
})

describe('what is not an image that is meant is refused by name', () => {
  const text = (content: string): Buffer => Buffer.from(content, 'latin1')
  test.each<[string, Buffer, RegExp]>([
    ['an SVG', text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), /is an SVG drawing/],
    ['an SVG behind a declaration', text('\xef\xbb\xbf <?xml version="1.0"?><svg/>'), /is an SVG drawing/],
    ['a web page', text('\n<!DOCTYPE html><html>'), /is a web page\. .* Download the image again/],
    ['a pointer of Git LFS', text('version https://git-lfs.github.com/spec/v1\noid'), /git lfs pull/],
    ['an HEIC photo', text('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), /is an HEIC photo\. .*Most Compatible/],
    ['an HEIC photo by its general brand', text('\0\0\0\x18ftypmif1\0\0\0\0mif1heic'), /is an HEIC photo/],
    ['a video', text('\0\0\0\x18ftypisom\0\0\0\0isommp41'), /is a video/],
    ['a PDF', text('%PDF-1.4'), /is a PDF/],
    ['a ZIP', text('PK\x03\x04'), /is a ZIP archive\. .* Unpack it/],
    ['an empty file', text(''), /is empty\. .* Download it again/],
    ['zeros', Buffer.alloc(5000), /is nothing but zeros/],
    [
      'something else',
      text('abcdefghij'),
      /is not an image that can be read: it begins with \[97,98,99,100,101,102,103,104\]/,
    ],
  ])('%s', async (_, file, message) => {
    await expect(decodeImage(file, 'photo.jpg')).rejects.toThrow(DatasetError)
    await expect(decodeImage(file, 'photo.jpg')).rejects.toThrow(message)
    await expect(decodeImage(file, 'photo.jpg')).rejects.toThrow(
      /^photo\.jpg is .* Expected a JPEG, PNG, WebP, GIF, AVIF or BMP\./,
    )
  })
})

describe('what would take much memory or time is refused by its header', () => {
  const frame = markerAt(baseline, 0xc0)
  const scans = progressive.subarray(markerAt(progressive, 0xda), -2)
  const large = Buffer.alloc(4)
  large.writeUInt16LE(65_500)
  large.writeUInt16LE(65_500, 2)
  test.each<[string, () => Buffer, RegExp]>([
    [
      'a JPEG of 65,500×65,500 pixels',
      () => put(baseline, frame + 5, 255, 220, 255, 220),
      /says that it has 65500×65500/,
    ],
    [
      'a JPEG that cannot hold its pixels',
      () => put(baseline, frame + 5, 35, 0, 35, 0),
      /cannot hold the 8960×8960 pixels/,
    ],
    [
      'a JPEG of thousands of scans',
      () => join(progressive.subarray(0, -2), ...Array(3000).fill(scans)),
      /passes over its 60×200 pixels 101 times/,
    ],
    [
      'a GIF of 65,500×65,500 pixels',
      () => join(gif.subarray(0, 6), large, gif.subarray(10)),
      /says that it has 65500×65500/,
    ],
    [
      'a lossless WebP of 16,384×16,384 pixels',
      () => join('RIFF\x20\0\0\0WEBPVP8L\x0c\0\0\0\x2f', [255, 255, 255, 15], Buffer.alloc(9)),
      /says that it has 16384×16384/,
    ],
    [
      'an extended WebP of 2^24 pixels a side',
      () => join('RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0', [0, 0, 0, 0, 255, 255, 255, 255, 255, 255]),
      /says that it has 16777216×16777216/,
    ],
    [
      'a TIFF with tiles of 4 GB',
      () => tiff({ 256: 1, 257: 1, 322: 65536, 323: 65536 }),
      /its tiles have 65536×65536 pixels/,
    ],
    [
      'a TIFF of 2^30 pixels a side',
      () => tiff({ 256: 2 ** 30, 257: 2 ** 30 }),
      /says that it has 1073741824×1073741824/,
    ],
    ['a JPEG of 12,000 pixels, where 2,000 are allowed', () => baseline, /expected 1 … 2000\..*the option maxPixels/],
  ])('%s', async (_, make, message) => {
    const limits = /2000/.test(message.source) ? { maxPixels: 2000 } : {}
    await expect(decodeImage(make(), 'a', limits)).rejects.toThrow(DatasetError)
    await expect(decodeImage(make(), 'a', limits)).rejects.toThrow(message)
  })

  test.each([{ maxPixels: 0 }, { maxPixels: 1.5 }, { maxSeconds: 0 }, { maxSeconds: 0.5 }, { maxSeconds: 1e9 }])(
    'the limit %j is refused',
    async (limits) => {
      await expect(decodeImage(baseline, 'a', limits)).rejects.toThrow(
        /^decodeImage: expected max(Pixels|Seconds) to be a whole/,
      )
    },
  )

  test('an image that takes longer than is allowed is given up', async () => {
    // 80 million pixels in lossless WebP of a few kB, blurred with a kernel of 6,000: 3 · 10^12 products.
    const large = await sharp({ create: { width: 9000, height: 9000, channels: 3, background: 'red' } })
      .webp({ lossless: true, effort: 0 })
      .toBuffer()
    expect(large.length).toBeLessThan(100_000)
    const slow = openImage(
      large,
      'a',
      (image) => image.resize(1, 1).blur(1000).resize(9000, 9000).blur(1000).raw().toBuffer(),
      {
        maxSeconds: 1,
      },
    )
    await expect(slow).rejects.toThrow('a is a WebP that takes longer than 1 seconds to decode. Make it smaller.')
  })

  test('what lies beside the picture is never unpacked', async () => {
    const zeros = await compressed(60_000_000)
    const bombs = Array.from({ length: 20 }, () => chunk('zTXt', join('a\0\0', zeros)))
    const texts = Array.from({ length: 20 }, () => chunk('iTXt', join('a\0\x01\0\0\0', zeros)))
    const profile = chunk('iCCP', join('a\0\0', zeros))
    const file = join(png.subarray(0, afterHeader), profile, ...bombs, ...texts, png.subarray(afterHeader))
    const before = process.memoryUsage()
    expect(await decodeImage(file, 'a')).toEqual(await decodeImage(png, 'b'))
    const after = process.memoryUsage()
    // One profile is unpacked up to 4 MiB.
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(30e6)
  })

  test('of a GIF of 2,000 pictures the first is decoded', async () => {
    const picture = gif.subarray(gif.indexOf(',', 13 + 768), -1)
    const small = picture.subarray(0, picture.length)
    const file = join(gif.subarray(0, -1), ...Array.from({ length: 2000 }, () => small), ';')
    expect(await decodeImage(file, 'a')).toEqual(await decodeImage(gif, 'b'))
  })
})

async function compressed(count: number): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(count)]).stream().pipeThrough(new CompressionStream('deflate'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** A TIFF of these tags alone, each of 32 bits. */
function tiff(tags: Readonly<Record<number, number>>): Buffer {
  const entries = Object.entries(tags).map(([tag, value]) => {
    const entry = Buffer.alloc(12)
    entry.writeUInt16LE(Number(tag))
    entry.writeUInt16LE(4, 2)
    entry.writeUInt32LE(1, 4)
    entry.writeUInt32LE(value, 8)
    return entry
  })
  return join('II*\0', [8, 0, 0, 0], [entries.length, 0], ...entries, Buffer.alloc(4))
}

test('the fixtures of turned and transparent images are read as before', async () => {
  const read = (name: string) => readFileSync(new URL(`../../../../fixtures/datasets/photos/${name}`, import.meta.url))
  for (const name of ['cat/1.png', 'dog/1.jpg', 'dog/gray.png', 'dog/transparent.png', 'dog/turned.jpg'])
    expect((await decodeImage(read(name), name)).data.length).toBeGreaterThan(0)
})
