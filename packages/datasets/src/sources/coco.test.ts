import { itemAt } from '@ddnet/testing'
import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { expected, fixtureFiles, memoryFiles } from '../../test/source-files.ts'
import { DatasetError } from '../dataset-error.ts'
import { boxesField, maskField } from '../fields.ts'
import { coco } from './coco.ts'
import { type CocoSegmentation, cocoMask } from './coco-mask.ts'

describe('coco', () => {
  test('has the boxes of the annotations that pycocotools gives, without crowds and what has no area', async () => {
    const source = JSON.parse(Buffer.from(await fixtureFiles('coco').read('instances.json')).toString())
    const dataset = await coco(fixtureFiles('coco'), { annotations: 'instances.json', images: 'images' })
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
    const source = JSON.parse(Buffer.from(await fixtureFiles('coco').read('instances.json')).toString())
    for (const [at, { segmentation }] of source.annotations.entries()) {
      expect([...cocoMask(segmentation, 37, 53)].join(''), `annotation ${at + 1}`).toBe(expected.coco.masks[at])
    }
  })

  test('paints classes, the smaller objects over the larger ones', async () => {
    const dataset = await coco(fixtureFiles('coco'), { annotations: 'instances.json', images: 'images', masks: true })
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

  test('crowds belong to no class, but for single objects before them', async () => {
    const fixtures = fixtureFiles('coco')
    const source = JSON.parse(Buffer.from(await fixtures.read('instances.json')).toString())
    const annotations = source.annotations.filter((_: unknown, at: number) => at !== 2 && at !== 6) // which lie over the crowd
    const files = memoryFiles({
      'a.json': JSON.stringify({ ...source, annotations }),
      '2.png': await fixtures.read('images/2.png'),
    })
    const { mask } = await (await coco(files, { annotations: 'a.json', masks: true })).get(1)
    const own = (at: number) => expected.coco.masks[at] as string
    const painted = Array.from({ length: 37 * 53 }, (_, at) => {
      if (own(4)[at] === '1') return 1
      if (own(3)[at] === '1') return 2
      return own(7)[at] === '1' ? -100 : 0
    })
    expect(painted).toContain(-100)
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

  test('crowds and boxes without area on their image are left out and named, and so are boxes that are cut', async () => {
    const annotations = [1, true, '1', 'true', 0, false, '0', null, undefined].map((iscrowd, id) => ({
      ...annotation,
      id,
      iscrowd,
      segmentation: outline,
    }))
    const flat = [
      { ...annotation, id: 100, bbox: [1, 1, 0, 2] },
      { ...annotation, id: 101, bbox: [50, 1, 2, 2] },
      { ...annotation, id: 102, bbox: [-0.5, 1, 2, 2], segmentation: outline }, // by half a pixel, as rounded boxes are
      { ...annotation, id: 103, bbox: [1, 1, 8, 2], segmentation: outline },
    ]
    const dataset = await parsed({ ...good, annotations: [...annotations, ...flat] })
    const named = (at: number, id: number) => `annotations[${at}] (annotation ${id}, image 1, 1.png)`
    expect(dataset.leftOut).toEqual({
      crowds: [0, 1, 2, 3].map((at) => named(at, at)),
      boxes: [named(9, 100), named(10, 101)],
      cut: [named(12, 103)],
    })
    expect((await dataset.get(0)).boxLabels.data.length).toBe(7)
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
    [
      'no outline',
      [],
      'annotations[0] (annotation 5, image 1, 1.png) has no segmentation, which masks are painted from.',
    ],
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
