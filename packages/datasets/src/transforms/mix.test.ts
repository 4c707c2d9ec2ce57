import { random } from '@ddnet/ops'
import { defined, itemAt } from '@ddnet/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { ClassificationSample, Dataset } from '../dataset.ts'
import { boxesField, type ImageField, imageField, maskField, type ProbabilitiesField } from '../fields.ts'
import { imageDataset } from '../image-dataset.ts'
import { beta } from './beta.ts'
import { cutMix, windowAbout } from './cut-mix.ts'
import { mixUp } from './mix-up.ts'

const COUNT = 6
/** Image `i` is all `40 · i`, and of class `i`. */
const flat = imageDataset({
  images: Uint8Array.from({ length: COUNT * 48 }, (_, at) => 40 * Math.floor(at / 48)),
  labels: Array.from({ length: COUNT }, (_, index) => index),
  shape: [4, 4, 3],
})
const keys = Array.from({ length: 40 }, (_, seed) => random.key(seed))
const classesOf = (probabilities: Float32Array) =>
  [...probabilities.keys()].filter((at) => itemAt(probabilities, at) > 0)
const total = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0)

test('mixUp is λ · own + (1 − λ) · other, of images and labels', async () => {
  for (const key of keys) {
    const { image, label } = await mixUp(flat, { classes: COUNT }).get(4, { key })
    const probabilities = label.data
    expect(total(probabilities)).toBeCloseTo(1, 6)
    expect(classesOf(probabilities)).toContain(4)
    const expected = probabilities.reduce((sum, share, index) => sum + (share * 40 * index) / 255, 0)
    for (const value of image.data) expect(value).toBeCloseTo(expected, 6)
  }
})

test('cutMix shows each class on its share of the area', async () => {
  for (const key of keys) {
    const { image, label: mixed } = await cutMix(flat, { classes: COUNT }).get(4, { key })
    const probabilities = mixed.data
    expect(image.data).toBeInstanceOf(Uint8Array)
    for (const label of classesOf(probabilities)) {
      const area = image.data.filter((value) => value === 40 * label).length / image.data.length
      expect(probabilities[label]).toBeCloseTo(area, 6)
    }
  }
})

// By torchvision's CutMix.make_params, on 32 × 20 pixels
test.each([
  [10, 5, 0.5 * Math.sqrt(1 - 0.3), { left: 0, top: 0, width: 23, height: 13 }],
  [31, 19, 0.5 * Math.sqrt(1 - 0.9), { left: 26, top: 16, width: 6, height: 4 }],
  [16, 10, 0, { left: 16, top: 10, width: 0, height: 0 }],
])('the rectangle about (%d, %d) is cut at the edges', (x, y, half, expected) => {
  expect(windowAbout(x, y, half, [20, 32])).toEqual(expected)
})

describe.each([
  ['mixUp', mixUp],
  ['cutMix', cutMix],
])('%s', (name, mix) => {
  test('depends on the key alone, in memory or not, and the other sample is any', async () => {
    const mixed = mix(flat, { classes: COUNT, alpha: 0.5 })
    const slow: Dataset<ClassificationSample> = { length: COUNT, get: flat.get }
    const others = new Set<number>()
    for (const key of keys) {
      const result = mixed.getSync?.(2, { key })
      expect(await mix(slow, { classes: COUNT, alpha: 0.5 }).get(2, { key })).toEqual(result)
      for (const label of classesOf(defined(result?.label.data))) others.add(label)
    }
    expect(others.size).toBe(COUNT)
    expect(mix(slow, { classes: COUNT }).getSync).toBeUndefined()
  })

  test('takes what is mixed already', async () => {
    const twice = mix(mix(flat, { classes: COUNT }), { classes: COUNT })
    const { label } = await twice.get(1, { key: random.key(3) })
    expect(total(label.data)).toBeCloseTo(1, 6)
  })

  test('says what it lacks', async () => {
    expect(() => mix(flat, { classes: 0 })).toThrow(`${name}: expected classes to be a whole number from 1, got 0`)
    expect(() => mix(flat, { classes: 6, alpha: 0 })).toThrow(`${name}: expected alpha to be above 0, got 0`)
    await expect(mix(flat, { classes: 6 }).get(0)).rejects.toThrow(`${name}: needs a key to draw from`)
    await expect(mix(flat, { classes: 4 }).get(5, { key: random.key(1) })).rejects.toThrow(
      /: expected labels in 0 … 3, got [45]\. Give the number of classes\./,
    )
  })
})

test.each([0.1, 0.4, 1, 3])('Beta(%d, same) has mean ½ and variance 1 / (4 (2 alpha + 1))', (alpha) => {
  const values = Array.from({ length: 4000 }, (_, seed) => beta(random.key(7).fold(seed), alpha))
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  const expected = 1 / (4 * (2 * alpha + 1))
  expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(expected / 4000))
  expect(Math.abs(variance / expected - 1)).toBeLessThan(0.1)
})

describe('of samples with other fields', () => {
  const wide = {
    length: 2,
    get: async (index: number) => ({
      image: imageField(Uint8Array.of(index), [1, 1, 1]),
      target: imageField(Float32Array.of(index), [1, 1, 1]),
      label: index,
      color: 2,
      id: 40 + index,
      x: Float32Array.of(index),
    }),
  }
  const key = random.key(3)

  test('every image is mixed alike, the labels that are named are, and the others stay', async () => {
    const mixed = await mixUp(wide, { classes: { label: 2, color: 3 } }).get(1, { key })
    const share = itemAt(mixed.label.data, 1)
    expect(mixed.target.data[0]).toBeCloseTo(share, 6)
    expect(mixed.image.data[0]).toBeCloseTo(share / 255, 6)
    expect([...mixed.color.data]).toEqual([0, 0, 1])
    expect([mixed.id, mixed.x]).toEqual([41, Float32Array.of(1)])
    expectTypeOf(mixed).toEqualTypeOf<{
      readonly image: ImageField
      readonly target: ImageField
      readonly label: ProbabilitiesField
      readonly color: ProbabilitiesField
      readonly id: number
      readonly x: Float32Array<ArrayBuffer>
    }>()
  })

  test('a mask is cut with its image', async () => {
    const whole = (value: number) => ({
      image: imageField(new Uint8Array(80).fill(value), [8, 10, 1]),
      mask: maskField(new Uint8Array(80).fill(value), [8, 10]),
    })
    const masked = { length: 3, get: async (index: number) => whole(7 * index) }
    const seen = new Set<number>()
    for (const key of keys) {
      const { image, mask } = await cutMix(masked, { classes: {} }).get(1, { key })
      expect([...mask.data]).toEqual([...image.data])
      for (const value of mask.data) seen.add(value)
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 7, 14])
  })

  test('masks cannot be blended, and boxes not be mixed', async () => {
    const image = imageField(Uint8Array.of(1), [1, 1, 1])
    const masked = { length: 1, get: async () => ({ image, mask: maskField(Uint8Array.of(1), [1, 1]) }) }
    await expect(mixUp(masked, { classes: 2 }).get(0, { key })).rejects.toThrow(
      'mixUp: mask cannot be mixed. Leave it out first: map(dataset, ({ image, label }) => ({ image, label })).',
    )
    const boxed = { length: 1, get: async () => ({ image, boxes: boxesField(new Float32Array(4)) }) }
    await expect(cutMix(boxed, { classes: 2 }).get(0, { key })).rejects.toThrow('cutMix: boxes cannot be mixed.')
    const sizes = {
      length: 2,
      get: async (index: number) => ({
        image: imageField(new Uint8Array(2 + index), [1, 2 + index, 1]),
        mask: maskField(new Uint8Array(2 + index), [1, 2 + index]),
      }),
    }
    const mixed = Promise.all(keys.map((key) => cutMix(sizes, { classes: {} }).get(0, { key })))
    await expect(mixed).rejects.toThrow('cutMix: expected images of one shape, got image of [1,2,1] and [1,3,1].')
  })
})
