import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateSync } from 'node:zlib'
import { fixtureUrl, itemAt, jsonFixture } from '@ddnet/testing'
import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { synthetic, writeBinaryBatches } from '../../test/synthetic-cifar10.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import type { Dataset } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { boxesField, imageField, maskField } from '../fields.ts'
import { diskFiles } from '../files/disk-files.ts'
import type { Files } from '../files/files.ts'
import { imageDataset } from '../image-dataset.ts'
import { crc32 } from '../images/crc32.ts'
import type { ImageLimits } from '../images/limits.ts'
import { cifar10Binary, cifar100 } from './cifar-binary.ts'
import { coco } from './coco.ts'
import { type CocoSegmentation, cocoMask } from './coco-mask.ts'
import { readIdx } from './idx.ts'
import { imageFolder, imageSplits } from './image-folder.ts'
import { type MaskFolderOptions, maskFolder } from './mask-folder.ts'
import { mnist } from './mnist.ts'

// Written and read by Pillow and pycocotools: fixtures/datasets.py
const files = (name: string) => diskFiles(fileURLToPath(fixtureUrl(`datasets/${name}`)))
// biome-ignore lint/suspicious/noExplicitAny: what the script wrote, each part as its test says
const expected = jsonFixture('datasets/expected.json') as Record<string, any>

/** Files in memory, by name. */
const memoryFiles = (contents: Readonly<Record<string, Uint8Array | string>>): Files => ({
  list: async () => Object.keys(contents).sort(),
  path: (name) => `memory/${name}`,
  async read(name) {
    const content = contents[name]
    if (content === undefined) throw new DatasetError(`memory/${name} is missing`, { cause: 'missing' })
    return typeof content === 'string' ? new TextEncoder().encode(content) : content
  },
})

describe('imageFolder', () => {
  test('has a class for each folder, and the pixels that Pillow reads', async () => {
    const folder = await imageFolder(files('photos'))
    expect(folder.classNames).toEqual(['cat', 'dog'])
    expect(folder.names).toEqual([
      'cat/1.png',
      'cat/deeper/2.jpg',
      'dog/1.jpg',
      'dog/gray.png',
      'dog/transparent.png',
      'dog/turned.jpg',
    ])
    expect(folder.labels).toEqual([0, 0, 1, 1, 1, 1])
    for (const [index, name] of folder.names.entries()) {
      const { image, label } = await folder.get(index)
      expect(label).toBe(folder.labels[index])
      const pixels = expected.photos[name]
      if (pixels === undefined) continue
      expect(image.shape).toEqual([pixels.length, pixels[0].length, 3])
      const errors = pixels.flat(2).map((value: number, at: number) => Math.abs(value - itemAt(image.data, at)))
      expect(Math.max(...errors)).toBeLessThanOrEqual(name.endsWith('.jpg') ? 3 : 0) // decoders of JPEG may differ a little
    }
  })

  test('turns photographs as their EXIF data says, and puts what is transparent on white', async () => {
    const folder = await imageFolder(files('photos'))
    const upright = await folder.get(2)
    const turned = await folder.get(5)
    expect([upright.image.shape, turned.image.shape]).toEqual([
      [16, 24, 3],
      [24, 16, 3],
    ])
    // Clockwise: the top left corner comes from the bottom left one.
    expect([...turned.image.data.subarray(0, 3)]).toEqual([
      ...upright.image.data.subarray(15 * 24 * 3, 15 * 24 * 3 + 3),
    ])
    expect([...(await folder.get(4)).image.data.subarray(0, 3)]).toEqual([255, 255, 255])
  })

  test('says what it expected', async () => {
    await expect(imageFolder(memoryFiles({ 'a.jpg': '', 'notes.txt': '' }))).rejects.toThrow(
      'imageFolder: expected images in a folder a class, as cat/1.jpg, got 2 files without any; 1 images lie in no folder; there are 1 files that are not images (.txt). Name the folder that has one folder for each class.',
    )
    await expect(imageFolder(diskFiles('/no/such/folder'))).rejects.toThrow(
      'cannot list the folder /no/such/folder: it is missing. Name an existing folder.',
    )
    const damaged = await imageFolder(memoryFiles({ 'cat/1.jpg': 'no image' }))
    await expect(damaged.get(0)).rejects.toMatchObject({ name: 'DatasetError', path: 'memory/cat/1.jpg' })
    await expect(damaged.get(0)).rejects.toThrow('memory/cat/1.jpg is not an image that can be read: it begins with')
    await expect(damaged.get(1)).rejects.toThrow(RangeError)
  })
})

describe('maskFolder', () => {
  test('has the numbers of the masks, whatever their depth', async () => {
    const folder = await maskFolder(files('cells'))
    expect(folder.names).toEqual(['palette1.png', 'palette2.png', 'palette4.png', 'palette8.png', 'wide.png'])
    for (const [index, name] of folder.names.entries()) {
      const rows: number[][] = expected[name.replace('.png', '')]
      const { mask, image } = await folder.get(index)
      expect(image.shape).toEqual([rows.length, rows[0]?.length, 3])
      expect(mask.shape).toEqual([rows.length, rows[0]?.length])
      expect([...mask.data]).toEqual(rows.flat())
    }
  })

  test('says what is wrong, and where', async () => {
    const wrong = await maskFolder(files('wrong'))
    await expect(wrong.get(0)).rejects.toThrow(
      'expected a mask of grey values or with a palette, whose numbers are the classes, got 3 channels. Say what its colours mean',
    )
    await expect(wrong.get(1)).rejects.toThrow(/size\.png has 4×3 pixels, but its image 3×4\. Make the mask again\./)
    await expect(
      maskFolder(memoryFiles({ 'images/1.jpg': '', 'images/2.jpg': '', 'masks/1.png': '' })),
    ).rejects.toThrow(
      'maskFolder: 1 of 2 images have no mask; the first one is memory/images/2.jpg, expected memory/masks/2.png.',
    )
    await expect(maskFolder(memoryFiles({}))).rejects.toThrow('maskFolder: found no images in images.')
  })
})

describe('masks of classes', () => {
  type Png = Parameters<typeof encode>[0]
  const masked = (mask: Omit<Png, 'width' | 'height'>, options: MaskFolderOptions, name = 'masks/1.png') => {
    const image = encode({ width: 3, height: 2, channels: 3, data: new Uint8Array(18) })
    const contents = { 'images/1.png': image, [name]: encode({ width: 3, height: 2, ...mask }) }
    return maskFolder(memoryFiles(contents), options)
  }
  const grey = { channels: 1, data: Uint8Array.of(0, 1, 2, 255, 1, 0) }

  test('the value of what belongs to no class becomes −100', async () => {
    const { mask } = await (await masked(grey, { ignore: 255, classes: 3 })).get(0)
    expect(mask.data).toEqual(Int32Array.of(0, 1, 2, -100, 1, 0))
    expect((await (await masked(grey, {})).get(0)).mask.data).toEqual(grey.data)
  })

  test('a value that is not a class is refused by file and pixel', async () => {
    await expect((await masked(grey, { classes: 3 })).get(0)).rejects.toThrow(
      'memory/masks/1.png: the pixel at column 0, row 1 has the value 255, expected a class of 0 … 2. Where it belongs to no class, name it as ignore.',
    )
    await expect((await masked(grey, { classes: 2, ignore: 255 })).get(0)).rejects.toThrow(
      'column 2, row 0 has the value 2',
    )
  })

  const [black, red, white] = [
    [0, 0, 0],
    [255, 0, 0],
    [255, 255, 255],
  ] as const
  const painted = [black, red, black, white, red, black].flat()

  test('colours are classes, painted or in a palette, with alpha or without', async () => {
    const options = { colors: [black, red], ignore: white }
    const classes = Int32Array.of(0, 1, 0, -100, 1, 0)
    const rgb = { channels: 3, data: Uint8Array.from(painted) }
    const rgba = {
      channels: 4,
      data: Uint8Array.from(painted.flatMap((value, at) => (at % 3 === 2 ? [value, 9] : [value]))),
    }
    const palette = {
      channels: 1,
      palette: [black, red, white].map((color) => [...color]),
      data: Uint8Array.of(0, 1, 0, 2, 1, 0),
    } as const
    for (const mask of [rgb, rgba]) expect((await (await masked(mask, options)).get(0)).mask.data).toEqual(classes)
    const file = await sharpPalette(palette.data)
    const image = encode({ width: 3, height: 2, channels: 3, data: new Uint8Array(18) })
    const folder = await maskFolder(memoryFiles({ 'images/1.png': image, 'masks/1.PNG': file }), options)
    expect((await folder.get(0)).mask.data).toEqual(classes)
  })

  /** A PNG with a palette of black, red and white, whose chunks are written here. */
  async function sharpPalette(places: Uint8Array): Promise<Uint8Array> {
    const rows = Uint8Array.of(0, ...places.subarray(0, 3), 0, ...places.subarray(3))
    const header = Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0)
    const chunk = (type: string, data: Uint8Array) => {
      const content = Buffer.concat([Buffer.from(type), data])
      const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
      length.writeUInt32BE(data.length)
      sum.writeUInt32BE(crc32(content))
      return Buffer.concat([length, content, sum])
    }
    return new Uint8Array(
      Buffer.concat([
        Buffer.of(137, 80, 78, 71, 13, 10, 26, 10),
        chunk('IHDR', header),
        chunk('PLTE', Uint8Array.from([black, red, white].flat())),
        chunk('IDAT', deflateSync(rows)),
        chunk('IEND', new Uint8Array(0)),
      ]),
    )
  }

  test('a colour that is none of them is refused by file and pixel', async () => {
    const folder = await masked({ channels: 3, data: Uint8Array.from(painted) }, { colors: [black, white] })
    await expect(folder.get(0)).rejects.toThrow(
      'memory/masks/1.png: the pixel at column 1, row 0 has the colour [255, 0, 0], which is none of the 2 colors. Add it to colors',
    )
  })

  test.each<[MaskFolderOptions, string]>([
    [{ classes: 0 }, 'expected classes to be a whole number above 0, got 0'],
    [{ colors: [[0, 0, 256]] }, 'expected colors of [red, green, blue] from 0 to 255, got [0,0,256]'],
    [{ colors: [black, black] }, 'expected colors that differ, got "0,0,0"'],
    [{ colors: [black], classes: 2 }, 'expected classes to be 1, the number of colors, got 2'],
    [{ colors: [black], ignore: 255 }, 'expected ignore to be a colour [red, green, blue], as colors are, got 255'],
    [{ colors: [black], ignore: black }, 'expected ignore to be a colour of no class, got [0,0,0]'],
    [{ ignore: -1 }, 'expected ignore to be a whole number of at least 0, got -1'],
  ])('%j are refused', async (options, message) => {
    await expect(masked(grey, options)).rejects.toThrow(`maskFolder: ${message}`)
  })

  test('what lies beside the images is left out', async () => {
    const image = encode({ width: 3, height: 2, channels: 3, data: new Uint8Array(18) })
    const files = {
      'images/1.png': image,
      'images/._1.png': '',
      'images/a.txt': '',
      'masks/1.png': encode({ width: 3, height: 2, ...grey }),
      'masks/._1.png': '',
    }
    const folder = await maskFolder(memoryFiles(files))
    expect([folder.length, folder.leftOut.map(({ names }) => names)]).toEqual([
      1,
      [['images/a.txt'.slice(7)], ['._1.png']],
    ])
  })
})

describe('what is changed in a sample', () => {
  test('changes nothing else, whatever the source', async () => {
    const folder = await temporaryFolder()
    await writeBinaryBatches(folder, synthetic())
    const sources = [
      (await mnist(files('mnist'))).train,
      (await mnist(files('mnist'))).test,
      await cifar10Binary(diskFiles(folder), ['test_batch.bin']),
      await imageFolder(files('photos')),
      await maskFolder(files('cells')),
      await coco(files('coco'), { annotations: 'instances.json', images: 'images', masks: true }),
      imageDataset({ images: Buffer.from([1, 2, 3]), labels: [0], shape: [1, 3, 1] }),
      imageDataset({ images: Float32Array.of(1, 2, 3), labels: [0], shape: [1, 3, 1] }),
    ]
    for (const dataset of sources) {
      const [before, sample] = [structuredClone(await dataset.get(0)), await dataset.get(0)]
      for (const { data } of Object.values(sample).filter((value) => typeof value === 'object')) data.fill(77)
      sample.image.data.slice().fill(78)
      expect(await dataset.get(0)).toEqual(before)
      if (dataset.length > 1)
        expect(Array.from((await dataset.get(1)).image.data).every((value) => value === 77)).toBe(false)
      expect(Buffer.isBuffer(sample.image.data)).toBe(false)
    }
  })
})

test('images of more pixels than are allowed are refused, and allowed by maxPixels', async () => {
  const image = encode({ width: 6, height: 5, channels: 3, data: new Uint8Array(90) })
  const mask = encode({ width: 6, height: 5, channels: 1, data: new Uint8Array(30) })
  const json = JSON.stringify({ images: [{ id: 1, file_name: 'a/1.png', height: 5, width: 6 }] })
  const files = memoryFiles({ 'a/1.png': image, 'images/1.png': image, 'masks/1.png': mask, 'a.json': json })
  const photos = memoryFiles({ 'a/1.png': image })
  const message = 'says that it has 6×5 pixels: expected 1 … 29'
  const firstOf = async (dataset: Dataset<object>) => dataset.get(0)
  for (const open of [
    async (limits: ImageLimits) => firstOf(await imageFolder(photos, limits)),
    async (limits: ImageLimits) => firstOf((await imageSplits(photos, limits)).train),
    async (limits: ImageLimits) => firstOf(await maskFolder(files, limits)),
    async (limits: ImageLimits) => firstOf(await coco(files, { annotations: 'a.json', ...limits })),
  ]) {
    await expect(open({ maxPixels: 29 })).rejects.toThrow(message)
    expect(await open({ maxPixels: 30 })).toMatchObject({ image: { shape: [5, 6, 3] } })
    await expect(open({ maxPixels: 0 })).rejects.toThrow('expected maxPixels to be a whole number from 1, got 0')
  }
  const wide = encode({ width: 6, height: 6, channels: 1, data: new Uint8Array(36) })
  const masked = await maskFolder(memoryFiles({ 'images/1.png': image, 'masks/1.png': wide }), { maxPixels: 30 })
  await expect(masked.get(0)).rejects.toThrow('masks/1.png says that it has 6×6 pixels: expected 1 … 30')
})

describe('coco', () => {
  test('has the boxes of the annotations that pycocotools gives, without crowds and what has no area', async () => {
    const source = JSON.parse(Buffer.from(await files('coco').read('instances.json')).toString())
    const dataset = await coco(files('coco'), { annotations: 'instances.json', images: 'images' })
    expect(dataset.length).toBe(4)
    expect(dataset.classNames).toEqual(['car', 'train', 'dog']) // by the ids 3, 7, 18
    for (let index = 0; index < 4; index++) {
      const { boxes, boxLabels } = await dataset.get(index)
      const annotations = (expected.coco.annotations[index + 1] as number[])
        .map((id) => source.annotations[id - 1])
        .filter(({ bbox }) => bbox[2] > 0)
      expect([...boxLabels.data]).toEqual(annotations.map(({ category_id }) => [3, 7, 18].indexOf(category_id)))
      const corners = annotations.flatMap(({ bbox: [x, y, w, h] }) => [x, y, x + w, y + h])
      const cut = corners.map((value, at) => Math.fround(Math.min(Math.max(value, 0), at % 2 === 0 ? 53 : 37)))
      expect([...boxes.data]).toEqual(cut)
    }
  })

  test("has pycocotools' masks of polygons and runs", async () => {
    const source = JSON.parse(Buffer.from(await files('coco').read('instances.json')).toString())
    for (const [at, { segmentation }] of source.annotations.entries()) {
      expect([...cocoMask(segmentation, 37, 53)].join(''), `annotation ${at + 1}`).toBe(expected.coco.masks[at])
    }
  })

  test('paints classes, the smaller objects over the larger ones', async () => {
    const dataset = await coco(files('coco'), { annotations: 'instances.json', images: 'images', masks: true })
    const { mask } = await dataset.get(0)
    const own = [0, 1, 5].map((at) => expected.coco.masks[at] as string)
    const labels = [3, 1, 2] // of dog, car, train
    const areas = [38 * 32, 10 * 10, 29 * 22]
    const order = [0, 1, 2].sort((a, b) => itemAt(areas, a) - itemAt(areas, b))
    const painted = Array.from(
      { length: 37 * 53 },
      (_, at) => labels[order.find((each) => own[each]?.[at] === '1') ?? 3] ?? 0,
    )
    expect([...mask.data]).toEqual(painted)
  })

  const image = { id: 1, file_name: '1.png', height: 4, width: 5 }
  const annotation = { id: 5, image_id: 1, category_id: 2, bbox: [0, 0, 2, 2] }
  const good = { images: [image], categories: [{ id: 2, name: 'cat' }], annotations: [annotation] }
  test.each<[string, unknown, string]>([
    ['no JSON', '{', 'memory/a.json is not JSON: '],
    ['another JSON', [], 'expected the file to be an object, got []'],
    ['no images', { ...good, images: 3 }, 'expected images to be an array, got 3'],
    ['an id twice', { ...good, images: [image, image] }, 'expected images[1].id to be one of its own, got 1'],
    [
      'a size that cannot be',
      { ...good, images: [{ ...image, height: 2 ** 40 }] },
      'says that it has 5×1099511627776 pixels',
    ],
    [
      'an unknown image',
      { ...good, annotations: [{ ...annotation, image_id: 9 }] },
      'annotations[0] (annotation 5).image_id to be the id of an image, got 9',
    ],
    [
      'an unknown category',
      { ...good, annotations: [{ ...annotation, category_id: 9 }] },
      'to be the id of a category, got 9',
    ],
    [
      'a box of three',
      { ...good, annotations: [{ ...annotation, bbox: [1, 2, 3] }] },
      'memory/a.json: expected annotations[0] (annotation 5, image 1, 1.png).bbox to be [x, y, width, height], got [1,2,3]',
    ],
    [
      'a box of texts',
      { ...good, annotations: [{ ...annotation, bbox: ['1'] }] },
      'bbox to be an array of numbers, got ["1"]',
    ],
    [
      'a name elsewhere',
      { ...good, images: [{ ...image, file_name: '../../etc/passwd' }] },
      'memory/a.json: images[0] (image 1).file_name: "../../etc/passwd" is refused as the name of a file: it leads out of',
    ],
    [
      'an absolute name',
      { ...good, images: [{ ...image, file_name: '/etc/passwd' }] },
      '"/etc/passwd" is refused as the name of a file: it is absolute',
    ],
    [
      'backslashes in a name',
      { ...good, images: [{ ...image, file_name: 'a\\1.png' }] },
      'images[0] (image 1).file_name: "a\\\\1.png" is refused as the name of a file: it has backslashes',
    ],
    ['no categories', { ...good, categories: undefined }, 'category_id to be the id of a category, got 2'],
    [
      'an annotation twice',
      { ...good, annotations: [annotation, annotation] },
      'annotations[1].id to be one of its own',
    ],
    [
      'a category twice',
      { ...good, categories: [...good.categories, { id: '2', name: 'dog' }] },
      'categories[1].id to be',
    ],
    [
      'a box that goes back',
      { ...good, annotations: [{ ...annotation, bbox: [4, 3, -2, 1] }] },
      '(annotation 5, image 1, 1.png).bbox to be [x, y, width, height] of sizes from 0',
    ],
    ['a crowd of two', { ...good, annotations: [{ ...annotation, iscrowd: 2 }] }, 'iscrowd to be 0 or 1, got 2'],
    [
      'NaN, as Python writes it',
      JSON.stringify({ ...good, annotations: [{ ...annotation, bbox: [0, 0, 'X', 1] }] }).replace('"X"', 'NaN'),
      'is not JSON: it holds NaN, which Python writes and JSON does not have',
    ],
    [
      'an id of 1.5',
      { ...good, images: [{ ...image, id: 1.5 }] },
      'images[0].id to be a whole number or a text, got 1.5',
    ],
  ])('refuses %s', async (_, document, message) => {
    const text = typeof document === 'string' ? document : JSON.stringify(document)
    const reading = coco(memoryFiles({ 'a.json': text }), { annotations: 'a.json', images: 'images' })
    await expect(reading).rejects.toBeInstanceOf(DatasetError)
    await expect(coco(memoryFiles({ 'a.json': text }), { annotations: 'a.json', images: 'images' })).rejects.toThrow(
      message,
    )
  })

  const parsed = (document: unknown, ids: [string, string][] = []) => {
    const text = ids.reduce((all, [id, digits]) => all.replaceAll(`"${id}"`, digits), JSON.stringify(document))
    return coco(memoryFiles({ 'a.json': text, 'images/1.png': picture }), {
      annotations: 'a.json',
      images: 'images',
      masks: true,
    })
  }
  const picture = encode({ width: 5, height: 4, channels: 3, data: new Uint8Array(60) })
  const outline = [[0, 0, 2, 0, 2, 2, 0, 2]]

  test('takes identifiers as texts, and numbers beyond 2^53 to their last digit', async () => {
    const [first, second] = ['9007199254740993', '9007199254740992']
    const document = {
      images: [
        { ...image, id: 'A' },
        { ...image, id: 'B', file_name: './2.png' },
      ],
      categories: [
        { id: 'A', name: 'second' },
        { id: 'B', name: 'first' },
      ],
      annotations: [{ ...annotation, id: 'A', image_id: 'A', category_id: 'B', segmentation: outline }],
    }
    for (const dataset of [
      await parsed(document, [
        ['A', first],
        ['B', second],
      ]),
      await parsed(document, [
        ['A', '"z"'],
        ['B', '"y"'],
      ]),
    ]) {
      expect(dataset.length).toBe(2)
      expect(dataset.names).toEqual(['1.png', './2.png'])
      expect(dataset.classNames).toEqual(['first', 'second'])
      expect((await dataset.get(0)).boxLabels.data).toEqual(Int32Array.of(0))
    }
    await expect(parsed({ ...good, images: [image, { ...image, id: '1' }] })).rejects.toThrow('to be one of its own')
  })

  test('crowds and boxes without area on their image are left out and counted', async () => {
    const annotations = [1, true, '1', 'true', 0, false, '0', null, undefined].map((iscrowd, id) => ({
      ...annotation,
      id,
      iscrowd,
      segmentation: outline,
    }))
    const flat = [
      { ...annotation, id: 100, bbox: [1, 1, 0, 2] },
      { ...annotation, id: 101, bbox: [50, 1, 2, 2] },
    ]
    const dataset = await parsed({ ...good, annotations: [...annotations, ...flat] })
    expect(dataset.leftOut).toEqual({ crowds: 4, boxes: 2 })
    expect((await dataset.get(0)).boxLabels.data.length).toBe(5)
  })

  test('images without annotations, as of a test set, have no boxes', async () => {
    const dataset = await parsed({ images: [image], categories: good.categories })
    expect(await dataset.get(0)).toMatchObject({
      boxes: boxesField(new Float32Array(0)),
      mask: maskField(new Int32Array(20), [4, 5]),
    })
    expect((await parsed({ images: [image] })).classNames).toEqual([])
  })

  test.each<[string, unknown, string]>([
    ['no outline', [], 'annotations[0] (annotation 5, image 1, 1.png) has no segmentation. Leave out `masks`'],
    ['half a point', [[1, 1, 2]], '(annotation 5, image 1, 1.png).segmentation: cocoMask: expected a polygon'],
    [
      'runs of another size',
      { size: [9, 9], counts: [81] },
      '(annotation 5, image 1, 1.png).segmentation: cocoMask: expected runs for [4, 5]',
    ],
    [
      'damaged runs',
      { size: [4, 5], counts: 'oooo' },
      '(annotation 5, image 1, 1.png).segmentation: cocoMask: expected',
    ],
  ])('masks of an object with %s are refused by file, image and annotation', async (_, segmentation, message) => {
    const dataset = await parsed({ ...good, annotations: [{ ...annotation, segmentation }] })
    await expect(dataset.get(0)).rejects.toThrow('memory/a.json: annotations[0]')
    await expect(dataset.get(0)).rejects.toThrow(message)
  })

  test.each<[string, CocoSegmentation, string]>([
    ['runs of another size', { size: [4, 5], counts: [20] }, 'expected runs for [3, 5], got [4,5]'],
    ['runs that are too few', { size: [3, 5], counts: [3, 4] }, 'runs that fill 15 pixels, got 7'],
    [
      'runs that are too many',
      { size: [3, 5], counts: [3, 1e9] },
      'runs that fill 15 pixels, got run 1 of 1000000000 at 3',
    ],
    ['a text that is none', { size: [3, 5], counts: '\u0001' }, "expected COCO's text of runs"],
    ['a text without an end', { size: [3, 5], counts: 'oooooooooooooooo' }, "expected COCO's text of runs"],
    [
      'a polygon that leaves the image by far',
      [[0, 0, 1e12, 0, 5, 5]],
      'expected a polygon [x, y, …] of three corners or more on an image of 5×3 pixels',
    ],
    ['half a point', [[0, 0, 1]], 'got 3 numbers'],
    ['two corners', [[0, 0, 2, 2]], 'got 4 numbers'],
    ['no corners', [[]], 'got 0 numbers'],
  ])('cocoMask refuses %s', (_, segmentation, message) => {
    expect(() => cocoMask(segmentation, 3, 5)).toThrow(message)
  })
})

describe('mnist', () => {
  test('reads IDX files, gzipped or not', async () => {
    const { train, test: small } = await mnist(files('mnist'))
    for (const [dataset, name] of [
      [train, 'train'],
      [small, 't10k'],
    ] as const) {
      const { images, labels } = expected[name]
      expect(dataset.length).toBe(images.length)
      expect([...(dataset.labels as Uint8Array)]).toEqual(labels)
      for (let index = 0; index < dataset.length; index++) {
        const { image, label } = await dataset.get(index)
        expect({ image: [...image.data], shape: image.shape, label }).toEqual({
          image: images[index].flat(),
          shape: [5, 4, 1],
          label: labels[index],
        })
      }
    }
  })

  test.each<[string, number[], string]>([
    [
      'of another type',
      [0, 0, 13, 1, 0, 0, 0, 0],
      'expected it to begin with 0, 0, 8 and its number of axes, got [0,0,13,1]',
    ],
    ['without its axes', [0, 0, 8, 3, 0, 0, 0, 1], 'expected it to begin with'],
    ['that was cut', [0, 0, 8, 1, 0, 0, 0, 3, 1, 2], 'expected 11 bytes for [3], got 10. Download it again.'],
    ['that is longer', [0, 0, 8, 1, 0, 0, 0, 1, 1, 2], 'expected 9 bytes for [1], got more'],
    [
      'of a size that no memory has',
      [0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255],
      'for [4294967295,4294967295], got 12',
    ],
    ['that does not unzip', [31, 139, 8, 0, 1, 2, 3], 'does not unzip'],
  ])('an IDX file %s is refused', async (_, bytes, message) => {
    await expect(readIdx(memoryFiles({ a: Uint8Array.from(bytes) }), 'a')).rejects.toThrow(`memory/a `)
    await expect(readIdx(memoryFiles({ a: Uint8Array.from(bytes) }), 'a')).rejects.toThrow(message)
  })

  test('a missing file is named as it is expected', async () => {
    await expect(mnist(diskFiles('/no/such'))).rejects.toThrow(
      'cannot read /no/such/train-images-idx3-ubyte: it is missing',
    )
  })

  test('a zip that holds more than its header says stops there', async () => {
    const header = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1)
    const content = new Uint8Array(50_000_000)
    content.set(header)
    const stream = new Blob([content]).stream().pipeThrough(new CompressionStream('gzip'))
    const bomb = new Uint8Array(await new Response(stream).arrayBuffer())
    await expect(readIdx(memoryFiles({ a: bomb }), 'a')).rejects.toThrow('it unzips to more than its header says')
  })
})

describe('CIFAR binaries', () => {
  test('of CIFAR-10 are read, any of them', async () => {
    const folder = await temporaryFolder()
    const data = synthetic()
    await writeBinaryBatches(folder, data)
    const batch = await cifar10Binary(diskFiles(folder), ['test_batch.bin'])
    expect(batch.length).toBe(data.test.length)
    for (const [index, { label, pixels }] of data.test.entries()) {
      expect(await batch.get(index)).toEqual({ image: imageField(pixels, [32, 32, 3]), label })
    }
  })

  test('of CIFAR-100 have a fine and a coarse label', async () => {
    const folder = join(await temporaryFolder(), 'cifar-100-binary')
    await mkdir(folder)
    const record = (coarse: number, fine: number, value: number) =>
      Buffer.concat([
        Buffer.of(coarse, fine),
        Buffer.alloc(1024, value),
        Buffer.alloc(1024, value + 1),
        Buffer.alloc(1024, value + 2),
      ])
    await writeFile(join(folder, 'train.bin'), Buffer.concat([record(3, 41, 7), record(19, 99, 8)]))
    await writeFile(join(folder, 'test.bin'), record(0, 0, 9))
    await writeFile(
      join(folder, 'fine_label_names.txt'),
      Array.from({ length: 100 }, (_, at) => `fine ${at}\n`).join(''),
    )
    await writeFile(
      join(folder, 'coarse_label_names.txt'),
      Array.from({ length: 20 }, (_, at) => `coarse ${at}\n`).join(''),
    )
    const fine = await cifar100(diskFiles(folder))
    expect(fine.train.labels).toEqual(Uint8Array.of(41, 99))
    expect(fine.classNames[41]).toBe('fine 41')
    expect([...(await fine.train.get(1)).image.data.subarray(0, 4)]).toEqual([8, 9, 10, 8])
    const coarse = await cifar100(diskFiles(folder), { labels: 'coarse' })
    expect(coarse.train.labels).toEqual(Uint8Array.of(3, 19))
    expect(coarse.classNames.length).toBe(20)
    await writeFile(join(folder, 'test.bin'), record(0, 100, 9))
    await expect(cifar100(diskFiles(folder))).rejects.toThrow(
      /test\.bin is damaged: record 0 has the label 100, expected 0 … 99/,
    )
  })

  test('that were cut are refused', async () => {
    const reading = cifar10Binary(memoryFiles({ a: new Uint8Array(3000) }), ['a'])
    await expect(reading).rejects.toThrow('memory/a is damaged: expected records of 3073 bytes, got 3000 bytes')
  })
})
