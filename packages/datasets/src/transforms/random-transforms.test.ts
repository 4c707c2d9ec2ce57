import { random } from '@ddnet/ops'
import { defined, itemAt } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import type { DetectionSample, SegmentationSample } from '../dataset.ts'
import { boxesField, boxLabelsField, type ImageField, type ImageShape, imageField, maskField } from '../fields.ts'
import type { ImageTransform } from '../map.ts'
import { colorJitter } from './color-jitter.ts'
import { normalize } from './normalize.ts'
import { randomAffine } from './random-affine.ts'
import { randomCrop } from './random-crop.ts'
import { randomErasing } from './random-erasing.ts'
import { randomHorizontalFlip } from './random-horizontal-flip.ts'
import { drawWindow, randomResizedCrop } from './random-resized-crop.ts'
import { randomVerticalFlip } from './random-vertical-flip.ts'
import { sanitizeBoxes } from './sanitize-boxes.ts'
import { trivialAugmentWide } from './trivial-augment-wide.ts'

const shape: ImageShape = [24, 30, 3]
const image = Uint8Array.from({ length: 24 * 30 * 3 }, (_, at) => (at * at + 7 * at) % 251)
const sample = { image: imageField(image, shape), label: 3 }
const keys = (count: number) => Array.from({ length: count }, (_, seed) => random.key(seed))

const transforms: Readonly<Record<string, ImageTransform>> = {
  randomHorizontalFlip: randomHorizontalFlip(),
  randomVerticalFlip: randomVerticalFlip(),
  randomCrop: randomCrop({ size: [20, 10], padding: 2 }),
  randomResizedCrop: randomResizedCrop([16, 20]),
  randomAffine: randomAffine({ degrees: 20, translate: [0.1, 0.2], scale: [0.8, 1.2], shear: 10 }),
  colorJitter: colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 }),
  trivialAugmentWide: trivialAugmentWide(),
  randomErasing: randomErasing(),
}

describe.each(Object.entries(transforms))('%s', (name, transform) => {
  test('depends on nothing but the sample and its key, and keeps the sample as it was', () => {
    const before = image.slice()
    const results = keys(30).map((key) => transform(sample, { key }))
    expect(keys(30).map((key) => transform(sample, { key }))).toEqual(results)
    expect(new Set(results.map((result) => result.image.data.join())).size).toBeGreaterThan(1)
    expect(results.every(({ label }) => label === 3)).toBe(true)
    expect(image).toEqual(before)
  })

  test('needs a key', () => {
    expect(() => transform(sample, {})).toThrow(`${name}: needs a key to draw from`)
  })
})

/** A picture whose image shows its mask: one object of value 5 in a box, on a ground of 0. */
const object: DetectionSample & SegmentationSample = (() => {
  const [left, top, right, bottom] = [8, 5, 19, 16] as const
  const mask = Uint8Array.from({ length: 24 * 30 }, (_, at) => {
    const [x, y] = [at % 30, Math.floor(at / 30)]
    return x >= left && x < right && y >= top && y < bottom ? 5 : 0
  })
  const boxes = Float32Array.of(left, top, right, bottom)
  return {
    image: imageField(mask.slice(), [24, 30, 1]),
    mask: maskField(mask, [24, 30]),
    boxes: boxesField(boxes),
    boxLabels: boxLabelsField(Int32Array.of(1)),
  }
})()

/** The smallest box around what is not 0, or none. */
function boxOf({ data, shape: [height, width] }: ImageField): number[] {
  const seen = [...data.keys()].filter((at) => data[at] !== 0)
  if (seen.length === 0) return []
  const xs = seen.map((at) => at % width)
  const ys = seen.map((at) => Math.floor(at / width))
  expect(height).toBeGreaterThan(Math.max(...ys))
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1]
}

test.each([
  ['randomHorizontalFlip', transforms.randomHorizontalFlip, 0],
  ['randomVerticalFlip', transforms.randomVerticalFlip, 0],
  ['randomCrop', transforms.randomCrop, 0],
  ['randomAffine: shift', randomAffine({ degrees: 0, translate: [0.3, 0.3] }), 0],
  // A turned rectangle is drawn by its pixels' centres, which may lie up to a pixel inside of the box of its corners.
  ['randomAffine: turn by right angles', randomAffine({ degrees: [90, 90], scale: [0.5, 1.5] }), 1],
] as const)('%s moves image, mask and boxes together', (_, transform, slack) => {
  for (const key of keys(40)) {
    const moved = defined(transform)(object, { key })
    expect(moved.mask.data).toEqual(moved.image.data)
    expect(moved.mask.shape).toEqual(moved.image.shape.slice(0, 2))
    const box = boxOf(moved.image)
    for (const [at, side] of box.entries()) {
      expect(Math.abs(side - itemAt(moved.boxes.data, at))).toBeLessThanOrEqual(slack + 1e-3)
    }
  }
})

test('trivialAugmentWide moves mask and boxes too', () => {
  const moved = keys(60).map((key) => trivialAugmentWide()(object, { key }))
  expect(moved.some(({ mask }) => mask.data.join() !== object.mask.data.join())).toBe(true)
  for (const { image, mask } of moved) {
    const shown = image.data.map((value) => (value === image.data[0] ? 0 : 1))
    const hidden = mask.data.map((value) => (value === 0 ? 0 : 1))
    // Where the tone of the object is not lost, the image shows the mask.
    if (new Set(image.data).size === 2 && hidden[0] === 0) expect(shown).toEqual(hidden)
  }
})

test('a box that a crop has left is taken out by sanitizeBoxes, with its label', () => {
  const boxes = Float32Array.of(1, 1, 5, 5, 3, 3, 3, 9, 0, 0, 10, 0.5)
  const cleaned = sanitizeBoxes()({
    ...object,
    boxes: boxesField(boxes),
    boxLabels: boxLabelsField(Int32Array.of(7, 8, 9)),
  })
  expect([...cleaned.boxes.data]).toEqual([1, 1, 5, 5])
  expect([...cleaned.boxLabels.data]).toEqual([7])
  expect(() => sanitizeBoxes({ minSize: 0 })).toThrow('sanitizeBoxes: expected minSize to be above 0, got 0')
})

describe('randomResizedCrop', () => {
  test('takes windows of the areas and proportions that were asked for', () => {
    const scale = [0.2, 0.5] as const
    const ratio = [0.5, 2] as const
    const windows = keys(300).map((key) => drawWindow(key, [200, 300], { scale, ratio }))
    for (const { top, left, height, width } of windows) {
      expect(top >= 0 && left >= 0 && top + height <= 200 && left + width <= 300).toBe(true)
      expect((height * width) / 60_000).toBeGreaterThan(0.195) // sides are rounded to whole pixels
      expect((height * width) / 60_000).toBeLessThan(0.505)
      expect(width / height).toBeGreaterThan(0.49)
      expect(width / height).toBeLessThan(2.04)
    }
    expect(Math.min(...windows.map(({ height, width }) => height * width))).toBeLessThan(0.22 * 60_000)
    expect(Math.max(...windows.map(({ height, width }) => height * width))).toBeGreaterThan(0.48 * 60_000)
  })

  test.each([
    [[10, 100], { top: 0, left: 43, height: 10, width: 13 }], // 13 = round(10 · 4/3)
    [[100, 10], { top: 43, left: 0, height: 13, width: 10 }],
  ] as const)('takes the middle of an image of %j, into which nothing fits', (narrow, middle) => {
    const window = drawWindow(random.key(0), narrow, { scale: [1, 1], ratio: [3 / 4, 4 / 3] })
    expect(window).toEqual(middle)
  })
})

describe('randomErasing', () => {
  test('erases one rectangle within the bounds, with its probability', () => {
    const white = { image: imageField(new Uint8Array(40 * 50).fill(255), [40, 50, 1]) }
    const results = keys(1000).map((key) => randomErasing({ probability: 0.25 })(white, { key }))
    const erased = results.filter((result) => result !== white)
    expect(Math.abs(erased.length - 250)).toBeLessThan(5 * Math.sqrt(1000 * 0.25 * 0.75))
    for (const { image } of erased) {
      const { data } = image
      const [left, top, right, bottom] = boxOf({ ...image, data: data.map((value) => 255 - value) })
      const [width, height] = [defined(right) - defined(left), defined(bottom) - defined(top)]
      expect(data.filter((value) => value === 0).length).toBe(width * height)
      expect((width * height) / 2000).toBeGreaterThan(0.015)
      expect((width * height) / 2000).toBeLessThan(0.36)
    }
  })

  test('writes the value that was given, one a channel, or noise', () => {
    const filled = randomErasing({ probability: 1, value: [1, 2, 3] })(sample, { key: random.key(3) }).image.data
    const changed = [...filled.keys()].filter((at) => filled[at] !== image[at])
    expect(changed.length).toBeGreaterThan(0)
    for (const at of changed) expect(filled[at]).toBe((at % 3) + 1)
    const floats = normalize({ mean: 0.5, std: 0.5 })(sample, {})
    const noisy = randomErasing({ probability: 1, value: 'random', scale: [0.3, 0.3] })(floats, {
      key: random.key(3),
    }).image.data
    const noise = [...noisy].filter((value, at) => value !== floats.image.data[at])
    expect(noise.length).toBeGreaterThan(500)
    expect(Math.abs(noise.reduce((sum, value) => sum + value, 0) / noise.length)).toBeLessThan(0.2)
    expect(() => randomErasing({ probability: 1, value: 'random' })(sample, { key: random.key(3) })).toThrow(
      "value 'random' is noise for floats, got bytes. Put it after normalize.",
    )
    expect(() => randomErasing({ probability: 1, value: [1, 2] })(sample, { key: random.key(3) })).toThrow(
      'expected one value or 3, one a channel, got [1,2]',
    )
  })
})

describe('colorJitter', () => {
  test('without amounts changes nothing', () => {
    expect(colorJitter({})(sample, { key: random.key(1) }).image.data).toEqual(image)
  })

  test('draws the factor of the brightness evenly from its range', () => {
    const gray = { image: imageField(Float32Array.of(0.5), [1, 1, 1]) }
    const values = keys(2000).map((key) => itemAt(colorJitter({ brightness: [0.5, 1.5] })(gray, { key }).image.data, 0))
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0.25)
    expect(Math.max(...values)).toBeLessThanOrEqual(0.75)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    expect(Math.abs(mean - 0.5)).toBeLessThan((5 * 0.5) / Math.sqrt(12 * 2000))
  })

  test('refuses what cannot be', () => {
    expect(() => colorJitter({ hue: 0.6 })).toThrow(
      'colorJitter: expected hue as [min, max] within -0.5 … 0.5, got [-0.6, 0.6]',
    )
    expect(() => colorJitter({ contrast: [2, 1] })).toThrow(
      'colorJitter: expected contrast as [min, max], from 0, got [2, 1]',
    )
    const two = { image: imageField(new Uint8Array(2), [1, 1, 2]) }
    expect(() => colorJitter({ hue: 0.1 })(two, { key: random.key(1) })).toThrow(
      'expected an image of 1 or 3 channels, got 2',
    )
  })
})

describe('trivialAugmentWide', () => {
  test('takes bytes alone', () => {
    const floats = { image: imageField(new Float32Array(3), [1, 1, 3]) }
    expect(() => trivialAugmentWide()(floats, { key: random.key(1) })).toThrow('got floats. Put it before normalize.')
  })
})

test('options of the others that cannot work are refused', () => {
  expect(() => randomAffine({ degrees: 10, translate: [2, 0] })).toThrow(
    'expected translate as shares in 0 … 1, got [2,0]',
  )
  expect(() => randomAffine({ degrees: 10, scale: [0, 1] })).toThrow('expected scale as [min, max]')
  expect(() => randomResizedCrop(0)).toThrow('randomResizedCrop: expected sides of at least one pixel, got 0')
  expect(() => randomCrop({ size: 40, padding: 2 })(sample, { key: random.key(1) })).toThrow(
    'randomCrop: expected an image of at least 40×40 pixels with its padding of 2, got 24×30',
  )
})
