import { defined, itemAt } from '@ddnet/testing'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { DatasetError } from '../dataset-error.ts'
import type { Files } from '../files/files.ts'
import { type Frame, type Orientation, orientationOf, turnedPixels, withoutOrientation } from '../images/orientation.ts'
import { coco } from './coco.ts'
import { maskFolder } from './mask-folder.ts'

// The photo: dark, with a bright object off its middle. sharp writes it, and turns it, and so says where the object is.
const [width, height] = [24, 16]
const object = { left: 3, top: 2, right: 11, bottom: 6 }
const isObject = (x: number, y: number, { left, top, right, bottom } = object) =>
  x >= left && x < right && y >= top && y < bottom
const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) =>
  isObject(Math.floor(at / 3) % width, Math.floor(at / 3 / width)) ? 250 : 5,
)
const orientations: Orientation[] = [1, 2, 3, 4, 5, 6, 7, 8]
const formats = ['jpeg', 'png', 'webp', 'tiff'] as const

const photo = (
  orientation: number,
  format: (typeof formats)[number] = 'jpeg',
  size: [number, number] = [width, height],
) => {
  const raw = size[0] === width ? pixels : pixels.slice(0, size[0] * size[1] * 3)
  const image = sharp(raw, { raw: { width: size[0], height: size[1], channels: 3 } }).withMetadata({ orientation })
  const quality = { quality: 100 }
  if (format === 'jpeg') return image.jpeg({ ...quality, chromaSubsampling: '4:4:4' }).toBuffer()
  if (format === 'webp') return image.webp({ lossless: true }).toBuffer()
  return format === 'png' ? image.png().toBuffer() : image.tiff({ compression: 'none' }).toBuffer()
}

const memory = (contents: Record<string, Uint8Array>): Files => ({
  list: async () => Object.keys(contents),
  path: (name) => name,
  async read(name) {
    const content = contents[name]
    if (!content) throw new DatasetError(`${name} is missing`)
    return new Uint8Array(content)
  },
})

/** Where the object is on an image, by its pixels. */
const bright = (image: ArrayLike<number>): boolean[] =>
  Array.from({ length: image.length / 3 }, (_, at) => itemAt(image, 3 * at) > 128)

test.each(formats)('of a %s the orientation is the one that sharp reads', async (format) => {
  for (const orientation of orientations) {
    const file = await photo(orientation, format)
    expect((await sharp(file).metadata()).orientation ?? 1).toBe(orientation)
    expect(orientationOf(file)).toBe(orientation)
  }
})

test.each(formats)(
  'a %s whose orientation was taken away and whose pixels were turned is what sharp turns',
  async (format) => {
    for (const orientation of orientations) {
      const file = new Uint8Array(await photo(orientation, format))
      const without = withoutOrientation(file)
      expect(orientationOf(without)).toBe(1)
      const stored = await sharp(without).rotate().removeAlpha().raw().toBuffer({ resolveWithObject: true })
      expect([stored.info.width, stored.info.height]).toEqual([width, height])
      const upright = await sharp(file).rotate().removeAlpha().raw().toBuffer()
      expect(turnedPixels(new Uint8Array(stored.data), [height, width], orientation, 3)).toEqual(
        new Uint8Array(upright),
      )
    }
  },
)

test('damaged and missing EXIF is upright, as for sharp', async () => {
  const file = new Uint8Array(await photo(6))
  const exif = Buffer.from(file).indexOf('Exif\0\0') + 6
  const view = new DataView(file.buffer)
  const little = file[exif] === 0x49
  const entries = Array.from({ length: view.getUint16(exif + 8, little) }, (_, index) => exif + 10 + 12 * index)
  const entry = defined(entries.find((at) => view.getUint16(at, little) === 0x0112))
  for (const [at, value] of [
    [entry, 0x0113], // another tag
    [entry + 8, 9], // a value that there is not
    [entry + 8, 0],
    [exif + 8, 0xffff], // more entries than bytes
  ] as const) {
    const changed = file.slice()
    new DataView(changed.buffer).setUint16(at, value, little)
    expect(orientationOf(changed)).toBe((await sharp(changed).metadata()).orientation ?? 1)
  }
  for (let length = 0; length < 60; length++) expect(() => orientationOf(file.subarray(0, length))).not.toThrow()
  expect(orientationOf(new Uint8Array(0))).toBe(1)
})

/** An object as COCO has it, in the stored photo or in the turned one. */
async function turnedObject(file: Uint8Array, frame: Frame) {
  if (frame === 'stored') return { size: [height, width] as const, box: object }
  const { data, info } = await sharp(file).rotate().raw().toBuffer({ resolveWithObject: true })
  const places = [...bright(data).entries()].filter(([, is]) => is).map(([at]) => at)
  const [xs, ys] = [places.map((at) => at % info.width), places.map((at) => Math.floor(at / info.width))]
  const box = { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs) + 1, bottom: Math.max(...ys) + 1 }
  return { size: [info.height, info.width] as const, box }
}

describe.each(orientations)('of a photo of orientation %i', (orientation) => {
  test.each(['stored', 'upright'] as const)(
    'whose annotations are of the %s photo, boxes and masks lie on the object',
    async (frame) => {
      for (const format of formats) {
        const file = await photo(orientation, format)
        const { size, box } = await turnedObject(file, frame)
        const { left, top, right, bottom } = box
        const document = {
          images: [{ id: 1, file_name: 'a.jpg', height: size[0], width: size[1] }],
          categories: [{ id: 1, name: 'thing' }],
          annotations: [
            {
              id: 1,
              image_id: 1,
              category_id: 1,
              bbox: [left, top, right - left, bottom - top],
              segmentation: [[left, top, right, top, right, bottom, left, bottom]],
            },
          ],
        }
        const files = memory({ 'a.json': new TextEncoder().encode(JSON.stringify(document)), 'a.jpg': file })
        const sample = await (await coco(files, { annotations: 'a.json', masks: true, frame })).get(0)
        const shape = orientation >= 5 ? [width, height, 3] : [height, width, 3]
        expect(sample.image.shape).toEqual(shape)
        const found = await turnedObject(file, 'upright')
        expect([...sample.boxes.data]).toEqual(Object.values(found.box))
        expect([...sample.mask.data].map(Boolean)).toEqual(bright(sample.image.data))
      }
    },
  )

  test.each(['stored', 'upright'] as const)('a mask of the %s photo lies on the object', async (frame) => {
    const file = await photo(orientation)
    const { size, box } = await turnedObject(file, frame)
    const raw = Uint8Array.from({ length: width * height }, (_, at) =>
      isObject(at % size[1], Math.floor(at / size[1]), box) ? 1 : 0,
    )
    const mask = await sharp(raw, { raw: { width: size[1], height: size[0], channels: 1 } })
      .toColorspace('b-w')
      .png()
      .toBuffer()
    const files = memory({ 'images/a.jpg': file, 'masks/a.png': mask })
    const sample = await (await maskFolder(files, { frame })).get(0)
    expect([...sample.mask.data].map(Boolean)).toEqual(bright(sample.image.data))
  })
})

test('where the size does not tell the frame, annotations are of the stored photo, or of the other where that is said', async () => {
  const file = await photo(3)
  const upright = await turnedObject(file, 'upright')
  const document = {
    images: [{ id: 1, file_name: 'a.jpg', height, width }],
    categories: [{ id: 1, name: 'thing' }],
    annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [object.left, object.top, 8, 4] }],
  }
  const files = memory({ 'a.json': new TextEncoder().encode(JSON.stringify(document)), 'a.jpg': file })
  const boxes = async (options: { frame?: Frame }) => [
    ...(await (await coco(files, { annotations: 'a.json', ...options })).get(0)).boxes.data,
  ]
  expect(await boxes({})).toEqual(Object.values(upright.box))
  expect(await boxes({ frame: 'upright' })).toEqual(Object.values(object))
})

test('a size of neither frame is refused with both', async () => {
  const document = { images: [{ id: 1, file_name: 'a.jpg', height: 9, width: 9 }], categories: [] }
  const files = memory({ 'a.json': new TextEncoder().encode(JSON.stringify(document)), 'a.jpg': await photo(6) })
  await expect((await coco(files, { annotations: 'a.json' })).get(0)).rejects.toThrow(
    'a.jpg has 16×24 pixels (turned by its EXIF data from 24×16), but a.json says 9×9.',
  )
})
