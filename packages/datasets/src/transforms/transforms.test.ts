import { entryOf, expectClose, itemAt, jsonFixture, readTensors } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import {
  type BoxesField,
  boxesField,
  type ImageField,
  type ImageShape,
  imageField,
  type MaskField,
  maskField,
} from '../fields.ts'
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

interface Picture {
  readonly image: ImageField
  readonly mask?: MaskField
  readonly boxes?: BoxesField
}
type Change = (image: ImageField['data'], shape: ImageShape) => ImageField['data']
const recolor = ({ image, ...sample }: Picture, change: Change): Picture => ({
  ...sample,
  image: { ...image, data: change(image.data, image.shape) },
})
const retone = (sample: Picture, change: (image: Uint8Array, shape: ImageShape) => Uint8Array): Picture =>
  recolor(sample, (image, shape) => change(image as Uint8Array, shape))

const run: Readonly<Record<string, (sample: Picture, options: Case['options']) => Picture>> = {
  resize: (sample, { size, ...options }) => resize(size, options)(sample, {}),
  centerCrop: (sample, { size }) => centerCrop(size)(sample, {}),
  crop: (sample, window) => crop(sample, window),
  horizontalFlip: (sample) => flipHorizontally(sample),
  verticalFlip: (sample) => flipVertically(sample),
  affine: (sample, { interpolation, fill, ...map }) => {
    const scale = sample.image.data instanceof Float32Array ? 1 / 255 : 1
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
    const transform = entryOf(run, name)
    const mask = get('mask')?.data as Uint8Array | undefined
    const boxes = get('boxes')?.data as Float32Array | undefined
    const sample: Picture = {
      image: imageField(input.data as Uint8Array, input.shape as unknown as ImageShape),
      ...(mask && { mask: maskField(mask, input.shape.slice(0, 2) as unknown as MaskField['shape']) }),
      ...(boxes && { boxes: boxesField(boxes) }),
    }
    const result = transform(sample, options)
    expect(result.image.shape).toEqual(expected.shape)
    expectBytes(result.image.data, expected.data)
    if (mask) expect(result.mask?.data).toEqual(get('masked')?.data)
    if (boxes) expectClose(result.boxes?.data ?? [], get('boxed')?.data ?? [], 1e-6)
    const floats = get('floats')
    if (!floats) return
    const asFloats = Float32Array.from(sample.image.data, (value) => value / 255)
    const ofFloats = transform({ ...sample, image: imageField(asFloats, sample.image.shape) }, options)
    expectClose(ofFloats.image.data, floats.data, 2e-6)
  })
})

/** Within one of 255, and the same in 99 of 100: torchvision cuts sums of float32 down. */
function expectBytes(actual: ImageField['data'], expected: ArrayLike<number>): void {
  expect(actual).toBeInstanceOf(Uint8Array)
  expect(actual.length).toBe(expected.length)
  const errors = Array.from(actual, (value, at) => Math.abs(value - itemAt(expected, at)))
  expect(Math.max(...errors)).toBeLessThanOrEqual(1)
  expect(errors.filter((error) => error > 0).length).toBeLessThanOrEqual(expected.length / 100)
}
