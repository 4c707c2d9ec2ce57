import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fixtureUrl, jsonFixture } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { synthetic, writeBinaryBatches } from '../../test/synthetic-cifar10.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { DatasetError } from '../dataset-error.ts'
import { diskFiles } from '../files/disk-files.ts'
import type { Files } from '../files/files.ts'
import { cifar10Binary, cifar100 } from './cifar-binary.ts'
import { coco } from './coco.ts'
import { type CocoSegmentation, cocoMask } from './coco-mask.ts'
import { readIdx } from './idx.ts'
import { imageFolder } from './image-folder.ts'
import { maskFolder } from './mask-folder.ts'
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
      const { image, shape, label } = await folder.get(index)
      expect(label).toBe(folder.labels[index])
      const pixels = expected.photos[name]
      if (pixels === undefined) continue
      expect(shape).toEqual([pixels.length, pixels[0].length, 3])
      const errors = pixels.flat(2).map((value: number, at: number) => Math.abs(value - (image[at] as number)))
      expect(Math.max(...errors)).toBeLessThanOrEqual(name.endsWith('.jpg') ? 3 : 0) // decoders of JPEG may differ a little
    }
  })

  test('turns photographs as their EXIF data says, and puts what is transparent on white', async () => {
    const folder = await imageFolder(files('photos'))
    const upright = await folder.get(2)
    const turned = await folder.get(5)
    expect([upright.shape, turned.shape]).toEqual([
      [16, 24, 3],
      [24, 16, 3],
    ])
    // Clockwise: the top left corner comes from the bottom left one.
    expect([...turned.image.subarray(0, 3)]).toEqual([...upright.image.subarray(15 * 24 * 3, 15 * 24 * 3 + 3)])
    expect([...(await folder.get(4)).image.subarray(0, 3)]).toEqual([255, 255, 255])
  })

  test('says what it expected', async () => {
    await expect(imageFolder(memoryFiles({ 'a.jpg': '', 'notes.txt': '' }))).rejects.toThrow(
      'imageFolder: expected images in a folder a class, as cat/1.jpg, got 2 files without any; 1 images lie in no folder; there are 1 files that are no images (.txt). Name the folder that has one folder for each class.',
    )
    await expect(imageFolder(diskFiles('/no/such/folder'))).rejects.toThrow(
      'cannot list the folder /no/such/folder: it is missing. Name an existing folder.',
    )
    const damaged = await imageFolder(memoryFiles({ 'cat/1.jpg': 'no image' }))
    await expect(damaged.get(0)).rejects.toMatchObject({ name: 'DatasetError', path: 'memory/cat/1.jpg' })
    await expect(damaged.get(0)).rejects.toThrow('memory/cat/1.jpg is no image that is read: it begins with')
    await expect(damaged.get(1)).rejects.toThrow(RangeError)
  })
})

describe('maskFolder', () => {
  test('has the numbers of the masks, whatever their depth', async () => {
    const folder = await maskFolder(files('cells'))
    expect(folder.names).toEqual(['palette1.png', 'palette2.png', 'palette4.png', 'palette8.png', 'wide.png'])
    for (const [index, name] of folder.names.entries()) {
      const rows: number[][] = expected[name.replace('.png', '')]
      const { mask, shape } = await folder.get(index)
      expect(shape).toEqual([rows.length, rows[0]?.length, 3])
      expect([...mask]).toEqual(rows.flat())
    }
  })

  test('says what is wrong, and where', async () => {
    const wrong = await maskFolder(files('wrong'))
    await expect(wrong.get(0)).rejects.toThrow(
      'expected a mask of grey values or with a palette, whose numbers are the classes, got 3',
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
      expect([...boxLabels]).toEqual(annotations.map(({ category_id }) => [3, 7, 18].indexOf(category_id)))
      const corners = annotations.flatMap(({ bbox: [x, y, w, h] }) => [x, y, x + w, y + h])
      const cut = corners.map((value, at) => Math.fround(Math.min(Math.max(value, 0), at % 2 === 0 ? 53 : 37)))
      expect([...boxes]).toEqual(cut)
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
    const order = [0, 1, 2].sort((a, b) => (areas[a] as number) - (areas[b] as number))
    const painted = Array.from(
      { length: 37 * 53 },
      (_, at) => labels[order.find((each) => own[each]?.[at] === '1') ?? 3] ?? 0,
    )
    expect([...(mask as Int32Array)]).toEqual(painted)
  })

  const image = { id: 1, file_name: '1.png', height: 4, width: 5 }
  const annotation = { image_id: 1, category_id: 2, bbox: [0, 0, 2, 2] }
  const good = { images: [image], categories: [{ id: 2, name: 'cat' }], annotations: [annotation] }
  test.each<[string, unknown, string]>([
    ['no JSON', '{', 'memory/a.json is no JSON: '],
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
      'annotations[0].image_id to be the id of an image, got 9',
    ],
    [
      'an unknown category',
      { ...good, annotations: [{ ...annotation, category_id: 9 }] },
      'to be the id of a category, got 9',
    ],
    [
      'a box of three',
      { ...good, annotations: [{ ...annotation, bbox: [1, 2, 3] }] },
      'annotations[0].bbox to be [x, y, width, height], got [1,2,3]',
    ],
    [
      'a box of texts',
      { ...good, annotations: [{ ...annotation, bbox: ['1'] }] },
      'bbox to be an array of numbers, got ["1"]',
    ],
    [
      'a name elsewhere',
      { ...good, images: [{ ...image, file_name: '../../etc/passwd' }] },
      '"images/../../etc/passwd" is refused as the name of a file',
    ],
    [
      'an absolute name',
      { ...good, images: [{ ...image, file_name: '/etc/passwd' }] },
      '"images//etc/passwd" is refused',
    ],
  ])('refuses %s', async (_, document, message) => {
    const text = typeof document === 'string' ? document : JSON.stringify(document)
    const reading = coco(memoryFiles({ 'a.json': text }), { annotations: 'a.json', images: 'images' })
    await expect(reading).rejects.toBeInstanceOf(DatasetError)
    await expect(coco(memoryFiles({ 'a.json': text }), { annotations: 'a.json', images: 'images' })).rejects.toThrow(
      message,
    )
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
      'expected a polygon [x, y, …] on an image of 5×3 pixels',
    ],
    ['half a point', [[0, 0, 1]], 'got 3 numbers'],
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
        const { image, shape, label } = await dataset.get(index)
        expect({ image: [...image], shape, label }).toEqual({
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
      expect(await batch.get(index)).toEqual({ image: pixels, label, shape: [32, 32, 3] })
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
    expect([...(await fine.train.get(1)).image.subarray(0, 4)]).toEqual([8, 9, 10, 8])
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
