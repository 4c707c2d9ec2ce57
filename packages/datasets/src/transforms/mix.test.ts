import { random } from '@ddnet/ops'
import { describe, expect, test } from 'vitest'
import type { Dataset, Sample } from '../dataset.ts'
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
  [...probabilities.keys()].filter((at) => (probabilities[at] as number) > 0)
const total = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0)

test('mixUp is λ · own + (1 − λ) · other, of images and labels', async () => {
  for (const key of keys) {
    const { image, probabilities } = await mixUp(flat, { classes: COUNT }).get(4, { key })
    expect(total(probabilities)).toBeCloseTo(1, 6)
    expect(classesOf(probabilities)).toContain(4)
    const expected = probabilities.reduce((sum, share, label) => sum + (share * 40 * label) / 255, 0)
    for (const value of image) expect(value).toBeCloseTo(expected, 6)
  }
})

test('cutMix shows each class on its share of the area', async () => {
  for (const key of keys) {
    const { image, probabilities } = await cutMix(flat, { classes: COUNT }).get(4, { key })
    expect(image).toBeInstanceOf(Uint8Array)
    for (const label of classesOf(probabilities)) {
      const area = image.filter((value) => value === 40 * label).length / image.length
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
    const slow: Dataset<Sample> = { length: COUNT, get: flat.get }
    const others = new Set<number>()
    for (const key of keys) {
      const result = mixed.getSync?.(2, { key })
      expect(await mix(slow, { classes: COUNT, alpha: 0.5 }).get(2, { key })).toEqual(result)
      for (const label of classesOf(result?.probabilities as Float32Array)) others.add(label)
    }
    expect(others.size).toBe(COUNT)
    expect(mix(slow, { classes: COUNT }).getSync).toBeUndefined()
  })

  test('takes what is mixed already', async () => {
    const twice = mix(mix(flat, { classes: COUNT }), { classes: COUNT })
    const { probabilities } = await twice.get(1, { key: random.key(3) })
    expect(total(probabilities)).toBeCloseTo(1, 6)
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
