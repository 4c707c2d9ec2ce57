import { random } from '@ddnet/ops'
import { itemAt } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { imageDataset } from '../image-dataset.ts'
import { cocoMask } from '../sources/coco-mask.ts'
import { cocoOfScenes } from './coco-of-scenes.ts'
import { describeScene, nounOf } from './describe-scene.ts'
import { type SceneObject, scenes } from './scenes.ts'

/** Of class 0 a bar that stands, of class 1 one that lies: white on black, 8 × 8. */
const bars = imageDataset({
  images: Uint8Array.from({ length: 4 * 64 }, (_, at) => {
    const [picture, x, y] = [Math.floor(at / 64), at % 8, Math.floor((at % 64) / 8)]
    const [along, across] = picture % 2 === 0 ? [y, x] : [x, y]
    return across >= 3 && across < 5 && along >= 1 && along < 7 ? 255 : 0
  }),
  labels: [0, 1, 0, 1],
  shape: [8, 8, 1],
})
const options = { count: 20, size: 48, objects: [1, 4], key: random.key(3) } as const

describe('scenes', () => {
  test('boxes, areas, masks and outlines are those of the pixels that are seen', async () => {
    const all = scenes(bars, options)
    const counts = new Set<number>()
    for (let index = 0; index < all.length; index++) {
      const { sample, objects } = await all.scene(index)
      counts.add(objects.length)
      const painted = new Uint8Array(48 * 48)
      for (const [at, { label, box, area, segmentation }] of objects.entries()) {
        const own = cocoMask(segmentation, 48, 48)
        const pixels = [...own.keys()].filter((pixel) => own[pixel] === 1)
        const [columns, rows] = [pixels.map((pixel) => pixel % 48), pixels.map((pixel) => Math.floor(pixel / 48))]
        expect(pixels.length).toBe(area)
        expect(box).toEqual([Math.min(...columns), Math.min(...rows), Math.max(...columns) + 1, Math.max(...rows) + 1])
        expect([...sample.boxes.data.subarray(4 * at, 4 * at + 4)]).toEqual([...box])
        for (const pixel of pixels) {
          expect(painted[pixel]).toBe(0) // each pixel is one object's
          painted[pixel] = label + 1
        }
        // A bar that stands is higher than wide, as long as it is whole.
        expect(box[3] - box[1] > box[2] - box[0]).toBe(label === 0)
      }
      expect(sample.mask.data).toEqual(painted)
      expect([...sample.boxLabels.data]).toEqual(objects.map(({ label }) => label))
    }
    expect([...counts].sort()).toEqual([1, 2, 3, 4])
  })

  test('painted objects have their colour, and the ground is darker', async () => {
    const color = [250, 200, 240] as const
    const all = scenes(bars, { ...options, colors: [{ name: 'pink', color }] })
    const { sample, objects } = await all.scene(1)
    expect(new Set(objects.map((object) => object.color))).toEqual(new Set(['pink']))
    const { image, mask } = sample
    let ground = 0
    for (let pixel = 0; pixel < mask.data.length; pixel++) {
      const bright = Math.max(...image.data.subarray(3 * pixel, 3 * pixel + 3))
      // Half ink on the brightest ground, and no more than half on the lightest colour.
      if (mask.data[pixel] !== 0) expect(bright).toBeGreaterThanOrEqual(Math.floor((250 * 128) / 255))
      else ground = Math.max(ground, bright)
    }
    expect(ground).toBeLessThan(Math.ceil((250 * 127 + 111 * 128) / 255) + 1)
  })

  test('the same key gives the same scenes in any order, another key others; a shorter list is the beginning of a longer', async () => {
    const [one, same] = [scenes(bars, options), scenes(bars, { ...options, count: 5 })]
    const fifth = await one.get(4)
    await same.get(1)
    expect(await same.get(4)).toEqual(fifth)
    expect(await scenes(bars, { ...options, key: random.key(4) }).get(4)).not.toEqual(fifth)
  })

  test('pictures in colour keep it, and are all object', async () => {
    const images = Uint8Array.from({ length: 8 * 8 * 3 }, (_, at) => itemAt([200, 10, 20], at % 3))
    const plain = imageDataset({ images, labels: [5], shape: [8, 8, 3] })
    const { sample, objects } = await scenes(plain, { ...options, objects: 1 }).scene(0)
    const [{ box, area, color } = {} as SceneObject] = objects
    expect([area, color]).toEqual([(box[2] - box[0]) * (box[3] - box[1]), undefined])
    const pixel = box[1] * 48 + box[0]
    expect([...sample.image.data.subarray(3 * pixel, 3 * pixel + 3)]).toEqual([200, 10, 20])
    expect(sample.mask.data[pixel]).toBe(6)
  })

  test.each([
    [{ size: 15 }, 'size as a whole number of at least 16 pixels, got 15'],
    [{ objects: [3, 2] as const }, 'objects as a whole number of at least 1, or two in order, got 3,2'],
    [{ objects: 0 }, 'objects as a whole number of at least 1'],
    [{ objects: 500 }, 'at most 27 objects on 48 × 48 pixels, got 500'],
    [{ count: 1.5 }, 'count as a whole number of at least 0, got 1.5'],
    [{ colors: [] }, 'at least one of colors'],
  ])('%j is refused', (wrong, message) => {
    expect(() => scenes(bars, { ...options, ...wrong })).toThrow(message)
  })

  test('pictures without labels are refused', () => {
    const { length, get } = bars
    expect(() => scenes({ length, get }, options)).toThrow('expected pictures with labels')
  })

  test('as many objects as are said to fit do', async () => {
    for (const index of [0, 1, 2])
      expect((await scenes(bars, { ...options, objects: 27 }).scene(index)).objects).toHaveLength(27)
  })
})

const object = (label: number, color: string, x: number, y: number): SceneObject => ({
  label,
  color,
  box: [x, y, x + 10, y + 10],
  area: 100,
  segmentation: { size: [90, 90], counts: [8100] },
})
const nouns = ['zero', 'one', 'six', 'eight'].map(nounOf)

test('a scene is described by counts, and by places', () => {
  const objects = [
    object(3, 'green', 5, 5),
    object(2, 'red', 40, 40),
    object(2, 'red', 80, 80),
    object(1, 'blue', 75, 40),
  ]
  expect(describeScene(objects, 90, nouns)).toEqual({
    caption: 'two red sixes, one blue one and one green eight',
    positions:
      'a green eight at the top left, a red six in the middle, a blue one on the right and a red six at the bottom right',
  })
})

test('vowels have their article, and one has none of them', () => {
  const plain = ({ color: _, ...rest }: SceneObject): SceneObject => rest
  expect(describeScene([plain(object(3, '', 40, 0)), plain(object(1, '', 0, 40))], 90, nouns).positions).toBe(
    'an eight at the top and a one on the left',
  )
  expect(nounOf('deer')).toEqual(['deer', 'deer'])
})

test("COCO's JSON counts from one", () => {
  const { images, annotations, categories } = cocoOfScenes(
    [
      { fileName: 'a.png', objects: [] },
      { fileName: 'b.png', objects: [object(1, 'red', 20, 30)] },
    ],
    90,
    ['zero', 'one'],
  )
  expect(images[1]).toEqual({ id: 2, file_name: 'b.png', width: 90, height: 90 })
  expect(annotations).toEqual([
    expect.objectContaining({ id: 1, image_id: 2, category_id: 2, bbox: [20, 30, 10, 10], area: 100, iscrowd: 0 }),
  ])
  expect(categories).toEqual([
    { id: 1, name: 'zero' },
    { id: 2, name: 'one' },
  ])
})
