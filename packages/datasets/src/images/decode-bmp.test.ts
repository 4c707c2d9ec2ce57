import { readFileSync } from 'node:fs'
import { entryOf, fixtureUrl, jsonFixture } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { decodeBmp } from './decode-bmp.ts'
import { decodeImage } from './decode-image.node.ts'
import { openImage } from './open-image.node.ts'

// Pillow's pixels: fixtures/bitmaps.py
const expected = jsonFixture('bitmaps/expected.json') as Readonly<Record<string, number[][][]>>
const names = Object.keys(expected)
const read = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(fixtureUrl(`bitmaps/${names.indexOf(name)}.bmp`)))

/** A file with some of its bytes changed. */
function changed(name: string, ...changes: [at: number, ...bytes: number[]][]): Uint8Array {
  const file = read(name)
  for (const [at, ...bytes] of changes) file.set(bytes, at)
  return file
}

test.each(names)('%s has the pixels that Pillow reads', async (name) => {
  const rows = entryOf(expected, name)
  const image = await decodeImage(read(name), 'a.bmp')
  expect(image.shape).toEqual([rows.length, rows[0]?.length, 3])
  expect([...image.data]).toEqual(rows.flat(2))
})

test('sharp takes it as it takes other images', async () => {
  const [data, { autoOrient }] = await openImage(read('24 bits'), 'a.bmp', async (image) => [
    await image.clone().resize(7, 5).raw().toBuffer(),
    await image.metadata(),
  ])
  expect(autoOrient).toMatchObject({ width: 7, height: 5 })
  expect([...data]).toEqual(expected['24 bits']?.flat(2))
})

describe('a BMP is refused by name', () => {
  const cut = (name: string, length: number) => read(name).subarray(0, length)
  test.each<[string, Uint8Array, RegExp]>([
    ['that is cut among its pixels', cut('24 bits', 173), /it has 173 of the 174 bytes that it promises\. Replace it/],
    ['that is cut in its header', cut('24 bits', 40), /it ends within its header/],
    ['that is cut before its bit fields', cut('bit fields behind the header', 60), /it ends within its header/],
    [
      'that promises too many pixels',
      changed('24 bits', [18, 255, 255, 255, 127]),
      /2147483647×5 pixels: expected 1 …/,
    ],
    ['of a width below zero', changed('24 bits', [18, 255, 255, 255, 255]), /-1×5 pixels/],
    ['without rows', changed('24 bits', [22, 0, 0, 0, 0]), /7×0 pixels/],
    ['with a header of 16 bytes', changed('24 bits', [14, 16]), /not an image that can be read|a header of 16 bytes/],
    [
      'that is compressed',
      changed('palette', [30, 1]),
      /a BMP of the compression 1\. Expected an uncompressed one.*PNG/,
    ],
    ['of 16 bits', changed('24 bits', [28, 16]), /a BMP of 16 bits a pixel/],
    ['of other bit fields', changed('version 4, opaque', [54, 0, 0, 0, 1]), /colours of other bits than bytes/],
    ['whose palette is too large', changed('8 bits, 20 colours', [46, 0, 4]), /its palette has 1024 colours/],
    ['whose palette lies in its pixels', changed('8 bits, 20 colours', [46, 255]), /its palette has 255 colours/],
    ['with a colour that it has not', changed('8 bits, 20 colours', [134, 20]), /a pixel has colour 20 of 20/],
    ['whose pixels begin beyond its end', changed('24 bits', [10, 255, 255, 255, 255]), /of the 4294967415 bytes/],
  ])('%s', async (_, file, message) => {
    await expect(decodeImage(file, 'photos/a.bmp')).rejects.toThrow(message)
    await expect(decodeImage(file, 'photos/a.bmp')).rejects.toThrow(/^photos\/a\.bmp /)
    await expect(decodeImage(file, 'photos/a.bmp')).rejects.toMatchObject({
      name: 'DatasetError',
      path: 'photos/a.bmp',
    })
  })

  test('of more pixels than are allowed', () => {
    expect(() => decodeBmp(read('24 bits'), 'a', { maxPixels: 34 })).toThrow('7×5 pixels: expected 1 … 34')
    expect(decodeBmp(read('24 bits'), 'a', { maxPixels: 35 }).shape).toEqual([5, 7, 3])
  })
})
