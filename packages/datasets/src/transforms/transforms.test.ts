import { expectClose, jsonFixture, readTensors } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import type { ImageShape, Picture } from '../dataset.ts'
import { affine } from './affine.ts'
import { centerCrop } from './center-crop.ts'
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from './color.ts'
import { crop } from './crop.ts'
import { flipHorizontally, flipVertically } from './flip.ts'
import { resize } from './resize.ts'
import { adjustSharpness, autocontrast, equalize, posterize, solarize } from './tones.ts'

// torchvision's numbers, for bytes and for floats, of images, masks and boxes: fixtures/transforms.py.
interface Case {
  readonly name: string
  readonly function: string
  // biome-ignore lint/suspicious/noExplicitAny: each transform's own options
  readonly options: any
  readonly tensors: Readonly<Record<string, string>>
}
const { cases } = jsonFixture('transforms.json') as { cases: Case[] }
const tensors = readTensors('transforms.safetensors')

type Change = (image: Picture['image'], shape: ImageShape) => Picture['image']
const recolor = (sample: Picture, change: Change): Picture => ({ ...sample, image: change(sample.image, sample.shape) })
const retone = (sample: Picture, change: (image: Uint8Array, shape: ImageShape) => Uint8Array): Picture =>
  recolor(sample, (image, shape) => change(image as Uint8Array, shape))

const run: Readonly<Record<string, (sample: Picture, options: Case['options']) => Picture>> = {
  resize: (sample, { size, ...options }) => resize(size, options)(sample, {}),
  centerCrop: (sample, { size }) => centerCrop(size)(sample, {}),
  crop: (sample, window) => crop(sample, window),
  horizontalFlip: (sample) => flipHorizontally(sample),
  verticalFlip: (sample) => flipVertically(sample),
  affine: (sample, { interpolation, fill, ...map }) => {
    const scale = sample.image instanceof Float32Array ? 1 / 255 : 1
    return affine(sample, map, { interpolation, fill: fill === 0 ? 0 : fill.map((value: number) => value * scale) })
  },
  adjustBrightness: (sample, { factor }) => recolor(sample, (...image) => adjustBrightness(...image, factor)),
  adjustContrast: (sample, { factor }) => recolor(sample, (...image) => adjustContrast(...image, factor)),
  adjustSaturation: (sample, { factor }) => recolor(sample, (...image) => adjustSaturation(...image, factor)),
  adjustHue: (sample, { factor }) => recolor(sample, (...image) => adjustHue(...image, factor)),
  adjustSharpness: (sample, { factor }) => retone(sample, (...image) => adjustSharpness(...image, factor)),
  posterize: (sample, { bits }) => retone(sample, (image) => posterize(image, bits)),
  solarize: (sample, { threshold }) => retone(sample, (image) => solarize(image, threshold)),
  autocontrast: (sample) => retone(sample, autocontrast),
  equalize: (sample) => retone(sample, equalize),
}

describe('as torchvision does', () => {
  test.each(cases)('$name', ({ function: name, options, tensors: roles }) => {
    const get = (role: string) => tensors[roles[role] ?? '']
    const input = get('image')
    const expected = get('bytes')
    if (!input || !expected) throw new Error(`fixture ${name} lacks its image or its bytes`)
    const transform = run[name] as (typeof run)[string]
    const mask = get('mask')?.data as Uint8Array | undefined
    const boxes = get('boxes')?.data as Float32Array | undefined
    const sample: Picture = {
      image: input.data as Uint8Array,
      shape: input.shape as unknown as ImageShape,
      ...(mask && { mask }),
      ...(boxes && { boxes }),
    }
    const result = transform(sample, options)
    expect(result.shape).toEqual(expected.shape)
    expectBytes(result.image, expected.data)
    if (mask) expect(result.mask).toEqual(get('masked')?.data)
    if (boxes) expectClose(result.boxes ?? [], get('boxed')?.data ?? [], 1e-6)
    const floats = get('floats')
    if (!floats) return
    const ofFloats = transform({ ...sample, image: Float32Array.from(sample.image, (value) => value / 255) }, options)
    expectClose(ofFloats.image, floats.data, 2e-6)
  })
})

/** Within one of 255, and the same in 99 of 100: torchvision cuts sums of float32 down. */
function expectBytes(actual: Picture['image'], expected: ArrayLike<number>): void {
  expect(actual).toBeInstanceOf(Uint8Array)
  expect(actual.length).toBe(expected.length)
  const errors = Array.from(actual, (value, at) => Math.abs(value - (expected[at] as number)))
  expect(Math.max(...errors)).toBeLessThanOrEqual(1)
  expect(errors.filter((error) => error > 0).length).toBeLessThanOrEqual(expected.length / 100)
}
