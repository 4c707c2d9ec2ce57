import type { Files, SegmentationSample } from '@ddnet/datasets'
import { encodeClassPng, encodePng } from '@ddnet/visuals'
import { describe, expect, test } from 'vitest'
import type { DataHost } from '../definitions.ts'
import { entriesOf } from '../settings/entries.ts'
import { resolveConfig } from '../settings/resolve.ts'
import { settingCatalog } from '../settings/setting-catalog.ts'
import { masks } from './masks.ts'
import { builtIn } from './registry.ts'

/** A PNG whose pixels are of these grays. */
function png(width: number, grays: readonly number[]): Uint8Array {
  const data = Uint8ClampedArray.from(grays.flatMap((gray) => [gray, gray, gray, 255]))
  return encodePng({ width, height: grays.length / width, data })
}
const image = png(
  4,
  Array.from({ length: 8 }, (_, at) => at * 30),
)
/** Left black, right white. */
const halves = png(4, [0, 0, 255, 255, 0, 0, 255, 255])

const painted = {
  'data.colors': [
    [0, 0, 0],
    [255, 255, 255],
  ],
}

function filesOf(content: Readonly<Record<string, Uint8Array>>, emptyFolders: readonly string[]): Files {
  const names = Object.keys(content).sort()
  return {
    survey: async () => ({ names, emptyFolders, linksOutside: [], notFiles: [] }),
    list: async () => names,
    read: async (name) => content[name] ?? Promise.reject(new Error(`no ${name}`)),
    path: (name) => `cells/${name}`,
  }
}

const catalog = settingCatalog(builtIn)
const optionsOf = (settings: Readonly<Record<string, unknown>>) =>
  resolveConfig(
    [
      entriesOf(
        { preset: 'masks', 'data.directory': 'cells', 'data.size': 2, 'model.channels': [4, 8], ...settings },
        'test',
        catalog,
      ),
    ],
    'masks',
    catalog,
  ).config.data.options

async function load(
  content: Readonly<Record<string, Uint8Array>>,
  settings: Readonly<Record<string, unknown>> = {},
  emptyFolders: readonly string[] = [],
) {
  const told: string[] = []
  const never = () => Promise.reject(new Error('not asked here'))
  const host: DataHost = {
    cifar10: never,
    imageFolder: never,
    npmPackage: never,
    files: () => filesOf(content, emptyFolders),
    log: (message) => told.push(message),
  }
  return { told, ...(await masks.load(masks.options.parse(optionsOf(settings)), host)) }
}

const pairs = (count: number, prefix = ''): Record<string, Uint8Array> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => at).flatMap((at): [string, Uint8Array][] => [
      [`${prefix}images/${at}.png`, image],
      [`${prefix}masks/${at}.png`, halves],
    ]),
  )

describe('data=masks', () => {
  test('images and masks become squares in memory, and a share of them is to choose by', async () => {
    const { train, validation, test: none, facts, told } = await load(pairs(5), painted)
    expect([train.length, validation?.length, none]).toEqual([4, 1, undefined])
    expect(facts).toEqual({ image: { height: 2, width: 2, channels: 3 }, classNames: ['0', '1'] })
    const { image, mask }: SegmentationSample = await train.get(0)
    expect([image.shape, mask.shape, [...mask.data]]).toEqual([
      [2, 2, 3],
      [2, 2],
      [0, 1, 0, 1],
    ])
    mask.data.fill(7)
    expect([...(await train.get(0)).mask.data], 'memory of its own').toEqual([0, 1, 0, 1])
    expect(told).toEqual(['reading 5 training images and their masks'])
  })

  test('folders of parts are these, as people write them, and classes have the names that they are given', async () => {
    const content = { ...pairs(3, 'Train/'), ...pairs(2, 'val/'), ...pairs(1, 'test_set/') }
    const {
      train,
      validation,
      test: held,
      facts,
      samples,
    } = await load(content, { ...painted, 'data.classes': ['sky', 'sea'] })
    expect([train.length, validation?.length, held?.length]).toEqual([3, 2, 1])
    expect(facts.classNames).toEqual(['sky', 'sea'])
    const renamed = {
      ...pairs(3, 'Train/'),
      ...pairs(2, 'val/'),
      'test_set/images/9.png': image,
      'test_set/masks/9.png': halves,
    }
    expect((await load(renamed, painted)).samples?.names).not.toBe(samples?.names)
  })

  test('every image and mask is read before anything is trained, and what is wrong is named', async () => {
    const { 'masks/1.png': _, ...lacking } = pairs(2)
    await expect(load(lacking, painted)).rejects.toThrow('cells/images/1.png has no mask: expected cells/masks/1.png')
    const other = { ...pairs(2), 'masks/1.png': png(2, [0, 255]) }
    await expect(load(other, painted)).rejects.toThrow('cells/masks/1.png has 2×1 pixels, but its image 4×2')
    const gray = { ...pairs(2), 'masks/1.png': png(4, [0, 0, 9, 9, 0, 0, 0, 0]) }
    await expect(load(gray, painted)).rejects.toThrow(
      'cells/masks/1.png: the pixel at column 2, row 0 has the color [9, 9, 9], which is none of the 2 of data.colors. Add it there, or where it belongs to no class: data.ignore=[9,9,9].',
    )
    await expect(load(pairs(2))).rejects.toThrow('cells/masks/0.png: expected a mask of grey values or with a palette')
    await expect(load({ 'photos/1.png': image }, painted)).rejects.toThrow('cells/images is not there')
    await expect(load({ 'masks/1.png': halves }, painted, ['images'])).rejects.toThrow(
      'cells/images is empty: expected',
    )
    await expect(load({ 'train/masks/1.png': halves }, painted, ['train/images'])).rejects.toThrow(
      'cells/train/images is empty: expected',
    )
    await expect(load({ ...pairs(1), ...pairs(1, 'train/') }, painted)).rejects.toThrow(
      'cells/train is a second train part beside cells/images',
    )
    await expect(load({ ...pairs(1, 'train/'), ...pairs(1, 'training/') }, painted)).rejects.toThrow(
      'is a second train part',
    )
    await expect(load(pairs(1), painted)).rejects.toThrow(
      'data.validation=0.2 leaves none of 1 images to choose by. Try data.validation=0',
    )
  })

  test('folders of parts may stand beside images to train on', async () => {
    const { train, validation } = await load({ ...pairs(3), ...pairs(2, 'val/') }, painted)
    expect([train.length, validation?.length]).toEqual([3, 2])
  })

  const nothing = png(4, [9, 9, 9, 9, 9, 9, 9, 9])
  const withIgnored = { ...painted, 'data.ignore': [9, 9, 9] }

  test('masks that belong to no class as a whole are told, and refused where all of a part do', async () => {
    const some = { ...pairs(6), 'masks/2.png': nothing }
    expect((await load(some, withIgnored)).told).toContain('1 of 6 training masks belong to no class as a whole: 2.png')
    const none = { ...pairs(1), 'masks/0.png': nothing }
    await expect(load(none, { ...withIgnored, 'data.validation': 0 })).rejects.toThrow(
      'no pixel of the training masks in cells/masks has a class: all of them, in the middle square of each that is used, are [9,9,9], which data.ignore leaves out.',
    )
    const val = { ...pairs(3, 'train/'), 'val/images/1.png': image, 'val/masks/1.png': nothing }
    await expect(load(val, withIgnored)).rejects.toThrow('no pixel of the validation masks in cells/val/masks has')
  })

  test('what is kept to choose by has classes, whichever masks have none', async () => {
    for (const seen of [
      [0, 1],
      [3, 4],
      [2, 5],
    ]) {
      const content = pairs(6)
      for (let at = 0; at < 6; at++) if (!seen.includes(at)) content[`masks/${at}.png`] = nothing
      const { train, validation } = await load(content, { ...withIgnored, 'data.validation': 0.5 })
      for (const part of [train, validation]) {
        const masks = await Promise.all(Array.from({ length: part?.length ?? 0 }, (_, at) => part?.get(at)))
        expect(masks.filter((each) => each?.mask.data.some((label: number) => label >= 0)).length).toBe(1)
      }
      await expect(load(content, { ...withIgnored, 'data.validation': 0.2 })).rejects.toThrow(
        'data.validation=0.2 leaves none of the 2 images of cells whose masks have classes to choose by; 4 belong to no class as a whole. Try data.validation=0.5',
      )
    }
  })

  test('what is in the files is known, wherever they are', async () => {
    const before = (await load(pairs(4), painted)).samples
    const after = (await load({ ...pairs(4), 'masks/2.png': png(4, [0, 0, 0, 255, 0, 0, 255, 255]) }, painted)).samples
    expect([after?.names === before?.names, after?.contents === before?.contents]).toEqual([true, false])
    expect(before?.contents).toMatch(/^[\da-f]{64}$/)
  })

  test('values that are numbers of objects are no classes, unless somebody says so', async () => {
    const many = encodeClassPng({ data: [0, 0, 7, 7, 0, 400, 0, 0], shape: [2, 4] })
    const content = { ...pairs(2), 'masks/0.png': many, 'masks/1.png': many }
    await expect(load(content, { 'data.validation': 0.5 })).rejects.toThrow(
      'the masks of cells have values of up to 400, of which 3 occur: are they numbers of objects, and no classes? Expected classes of 0 … 255; where there are so many: data.classes=401',
    )
    expect((await load(content, { 'data.classes': 401, 'data.validation': 0.5 })).facts.classNames).toHaveLength(401)
  })

  const cats = (images: readonly string[]) => ({
    images: images.map((file_name, at) => ({ id: at, file_name, height: 2, width: 4 })),
    categories: [
      { id: 8, name: 'dog' },
      { id: 3, name: 'cat' },
    ],
    annotations: images.map((_, at) => ({
      id: at,
      image_id: at,
      category_id: 8,
      bbox: [2, 0, 2, 2],
      area: 4,
      iscrowd: 0,
      // Down the columns: four pixels outside, four inside.
      segmentation: at % 2 === 0 ? { size: [2, 4], counts: [4, 4] } : [[2, 0, 4, 0, 4, 2, 2, 2]],
    })),
  })
  const json = (content: unknown) => new TextEncoder().encode(JSON.stringify(content))

  test.each<[string, string, (name: string) => string]>([
    ['in the folder images beside it', 'a.json', (name) => `images/${name}`],
    ['beside it', 'a.json', (name) => name],
    ['as COCO has them', 'annotations/instances_val2017.json', (name) => `val2017/${name}`],
  ])("a file of COCO's has polygons and runs as masks, of images %s", async (_, file, placed) => {
    const names = ['a.png', 'b.png', 'c.png']
    const content = { [file]: json(cats(names)), ...Object.fromEntries(names.map((name) => [placed(name), image])) }
    const settings = { 'data.directory': `cells/${file}`, 'data.validation': 0.4 }
    const { train, validation, facts } = await load(content, settings)
    expect(facts.classNames).toEqual(['background', 'cat', 'dog'])
    expect([train.length, validation?.length]).toEqual([2, 1])
    for (const part of [train, validation]) expect([...((await part?.get(0))?.mask.data ?? [])]).toEqual([0, 2, 0, 2])
  })

  test('what is wrong with a file of COCO is named', async () => {
    const names = ['a.png', 'b.png']
    const settings = { 'data.directory': 'cells/a.json' }
    await expect(load({ 'a.json': json(cats(names)) }, settings)).rejects.toThrow(
      'a.png, the first image of cells/a.json, is in none of cells/images/a.png, cells/a.png',
    )
    await expect(load({ 'a.json': json(cats(names)), 'a.png': image }, settings)).rejects.toThrow(
      'cells/b.png, an image of cells/a.json, is not there. Add it, or take it out of the list.',
    )
    await expect(load({ 'a.json': json(cats([])) }, settings)).rejects.toThrow('cells/a.json has no images.')
    const both = { 'a.png': image, 'b.png': image }
    await expect(load({ 'a.json': json(cats(names)), ...both }, { ...settings, 'data.classes': 2 })).rejects.toThrow(
      'data.classes are 2, and cells/a.json has 2 categories besides the background: expected 3.',
    )
    const boxes = { ...cats(names), annotations: [{ id: 1, image_id: 0, category_id: 3, bbox: [0, 0, 1, 1] }] }
    await expect(load({ 'a.json': json(boxes), ...both }, settings)).rejects.toThrow(
      'cells/a.json: annotations[0] (annotation 1, image 0, a.png) has no segmentation, which masks are painted from.',
    )
    expect(() => optionsOf({ ...settings, 'data.ignore': 255 })).toThrow(
      'data.colors and data.ignore (test) are of painted masks, and cells/a.json has outlines of objects.',
    )
  })

  test('settings that contradict each other are refused before anything is read', () => {
    expect(() => optionsOf({ ...painted, 'data.classes': 3 })).toThrow('data.classes (test) are 3, and data.colors 2')
    const colors = [
      [0, 0, 0],
      [0, 0, 0],
    ]
    expect(() => optionsOf({ 'data.colors': colors })).toThrow('data.colors has [0,0,0] twice')
    expect(() => optionsOf({ ...painted, 'data.ignore': 9 })).toThrow(
      'data.ignore=9: expected a color, as data.colors are. Try data.ignore=[9,9,9] (test)',
    )
    expect(() => optionsOf({ ...painted, 'data.augment': 'augMix' })).toThrow(
      'data.augment=augMix (test): expected a policy that moves masks with their images, and a mask has no mixture.',
    )
    expect(() => optionsOf({ 'data.ignore': [9, 9, 9] })).toThrow('expected a number, or data.colors with')
    expect(() => optionsOf({ ...painted, 'data.ignore': [0, 0, 0] })).toThrow('expected a color that is of no class')
    expect(() => optionsOf({ 'data.directory': null })).toThrow(
      'needs the folder of images and masks. Try masks=./cells',
    )
  })
})
