import { random } from '@ddnet/ops'
import { expect, expectTypeOf, test } from 'vitest'
import { imageField, maskField } from '../fields.ts'
import { centerCrop } from './center-crop.ts'
import { colorJitter } from './color-jitter.ts'
import { normalize } from './normalize.ts'
import { randomCrop } from './random-crop.ts'
import { randomHorizontalFlip } from './random-horizontal-flip.ts'
import { resize } from './resize.ts'
import { sanitizeBoxes } from './sanitize-boxes.ts'

const ramp = Uint8Array.from({ length: 36 }, (_, at) => at)
const sample = {
  noisy: imageField(ramp, [6, 6, 1]),
  clean: imageField(
    Float32Array.from(ramp, (value) => value / 255),
    [6, 6, 1],
  ),
  region: maskField(ramp.slice(), [6, 6]),
  label: 3,
  tokens: Int32Array.of(1, 2),
  note: 'as it was',
}

test('a transform moves every image and mask alike, whatever their names, and leaves the others alone', () => {
  const transforms = [randomHorizontalFlip(), randomCrop({ padding: 2 }), centerCrop(4)]
  for (let seed = 0; seed < 20; seed++) {
    const moved = transforms.reduce(
      (current, transform, at) => transform(current, { key: random.key(seed).fold(at) }),
      sample,
    )
    expectTypeOf(moved).toEqualTypeOf<typeof sample>()
    expect([moved.noisy.shape, moved.clean.shape, moved.region.shape]).toEqual([
      [4, 4, 1],
      [4, 4, 1],
      [4, 4],
    ])
    expect(moved.region.data).toEqual(moved.noisy.data)
    expect(moved.clean.data).toEqual(Float32Array.from(moved.noisy.data, (value) => value / 255))
    expect([moved.label, moved.tokens, moved.note]).toEqual([3, Int32Array.of(1, 2), 'as it was'])
  }
})

test('colours are those of images alone', () => {
  const { region, noisy } = normalize({ mean: 0, std: 2 })(sample, {})
  expect(region).toEqual(sample.region)
  expect(noisy.data[10]).toBeCloseTo(10 / 255 / 2, 7)
})

test('a sample without an image is told, also one whose image says no kind', () => {
  const { kind: _, ...array } = sample.noisy
  const key = random.key(0)
  for (const [name, transform] of Object.entries({
    normalize: normalize({ mean: 0, std: 1 }),
    colorJitter: colorJitter({ hue: 0.1 }),
    centerCrop: centerCrop(2),
    resize: resize(4),
  })) {
    expect(() => transform({ image: array, label: 1 }, { key })).toThrow(
      new RegExp(
        `^${name}: expected a sample with an image.*, got the fields image, label\\. Make an image with imageField`,
      ),
    )
  }
  expect(() => sanitizeBoxes()(sample)).toThrow('sanitizeBoxes: expected a sample with boxes, got the fields noisy,')
})

test('what moves together has one size', () => {
  const other = { image: sample.noisy, depth: imageField(new Uint8Array(4), [2, 2, 1]) }
  expect(() => centerCrop(2)(other, {})).toThrow(
    'centerCrop: expected images and masks of one size, got image of 6×6 and depth of 2×2 pixels. Bring them to one first, with resize([height, width]).',
  )
  const { image, depth } = resize([3, 3])(other, {})
  expect([image.shape, depth.shape]).toEqual([
    [3, 3, 1],
    [3, 3, 1],
  ])
})
