import type { Files, SegmentationSample } from '@ddnet/datasets'
import { encodePng } from '@ddnet/visuals'
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

function filesOf(content: Readonly<Record<string, Uint8Array>>): Files {
  return {
    list: async () => Object.keys(content).sort(),
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

async function load(content: Readonly<Record<string, Uint8Array>>, settings: Readonly<Record<string, unknown>> = {}) {
  const told: string[] = []
  const never = () => Promise.reject(new Error('not asked here'))
  const host: DataHost = {
    cifar10: never,
    imageFolder: never,
    npmPackage: never,
    files: () => filesOf(content),
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
    await expect(load(lacking, painted)).rejects.toThrow(
      '1 of 2 images have no mask; the first one is cells/images/1.png',
    )
    const other = { ...pairs(2), 'masks/1.png': png(2, [0, 255]) }
    await expect(load(other, painted)).rejects.toThrow('cells/masks/1.png has 2×1 pixels, but its image 4×2')
    const gray = { ...pairs(2), 'masks/1.png': png(4, [0, 0, 9, 9, 0, 0, 0, 0]) }
    await expect(load(gray, painted)).rejects.toThrow(
      'cells/masks/1.png: the pixel at column 2, row 0 has the colour [9, 9, 9]',
    )
    await expect(load(pairs(2))).rejects.toThrow('cells/masks/0.png: expected a mask of grey values or with a palette')
    await expect(load({ 'photos/1.png': image }, painted)).rejects.toThrow('cells/images is not there')
    await expect(load({ ...pairs(1, 'train/'), ...pairs(1, 'training/') }, painted)).rejects.toThrow(
      'is a second train part',
    )
    await expect(load(pairs(1), painted)).rejects.toThrow(
      'data.validation=0.2 leaves none of 1 images to choose by. Try data.validation=0',
    )
  })

  test('settings that contradict each other are refused before anything is read', () => {
    expect(() => optionsOf({ ...painted, 'data.classes': 3 })).toThrow('data.classes (test) are 3, and data.colors 2')
    expect(() => optionsOf({ 'data.directory': null })).toThrow(
      'needs the folder of images and masks. Try masks=./cells',
    )
  })
})
