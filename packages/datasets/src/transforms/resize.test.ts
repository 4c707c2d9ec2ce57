import { expectClose } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { imageField } from '../fields.ts'
import { resize } from './resize.ts'

// Expected values: torch 2.13.0, torch.nn.functional.interpolate(x, size, mode='bilinear', align_corners=False,
// antialias=False) in float64, with x built from the same formula and brought to NCHW:
//   a = ((arange(12) ** 2) % 13 / 13).reshape(1, 2, 3, 2);  b = ((arange(25) * 7) % 11 / 11).reshape(1, 5, 5, 1)
const a = {
  image: imageField(
    Float32Array.from({ length: 12 }, (_, i) => ((i * i) % 13) / 13),
    [2, 3, 2],
  ),
  label: 1,
}
const b = {
  image: imageField(
    Float32Array.from({ length: 25 }, (_, i) => ((i * 7) % 11) / 11),
    [5, 5, 1],
  ),
  label: 1,
}

test.each([
  [
    'a',
    a,
    [3, 5],
    [
      0, 0.076923077, 0.123076923, 0.323076923, 0.307692308, 0.692307692, 0.261538462, 0.830769231, 0.230769231,
      0.923076923, 0.384615385, 0.423076923, 0.476923077, 0.438461538, 0.615384615, 0.461538462, 0.523076923,
      0.553846154, 0.461538462, 0.615384615, 0.769230769, 0.769230769, 0.830769231, 0.553846154, 0.923076923,
      0.230769231, 0.784615385, 0.276923077, 0.692307692, 0.307692308,
    ],
  ],
  ['a', a, [1, 2], [0.442307692, 0.432692308, 0.5, 0.576923077]],
  [
    'b',
    b,
    [3, 3],
    [
      0.272727273, 0.333333333, 0.616161616, 0.242424242, 0.636363636, 0.696969697, 0.545454545, 0.272727273,
      0.333333333,
    ],
  ],
  [
    'b',
    b,
    [7, 2],
    [
      0.477272727, 0.818181818, 0.581168831, 0.493506494, 0.496753247, 0.301948052, 0.090909091, 0.431818182,
      0.220779221, 0.383116883, 0.350649351, 0.441558442, 0.454545455, 0.545454545,
    ],
  ],
] as const)('%s is resized as PyTorch does', (_, sample, size, expected) => {
  const { image, label } = resize(size, { antialias: false })(sample, {})
  expect({ shape: image.shape, label }).toEqual({ shape: [...size, sample.image.shape[2]], label: 1 })
  expectClose(image.data, expected, 1e-7)
})

test('the same size is the identity', () => {
  expect(resize([2, 3])(a, {}).image).toEqual(a.image)
})

test('one number is the shorter side, up to a longer side of maxSize', () => {
  const shapeAfter = (size: number, maxSize?: number) => {
    const sample = { image: imageField(new Uint8Array(30 * 20), [30, 20, 1]) }
    return resize(size, maxSize === undefined ? {} : { maxSize })(sample, {}).image.shape
  }
  expect(shapeAfter(10)).toEqual([15, 10, 1])
  expect(shapeAfter(10, 15)).toEqual([15, 10, 1])
  expect(shapeAfter(10, 12)).toEqual([12, 8, 1])
  expect(() => resize(10, { maxSize: 10 })).toThrow(
    'expected maxSize with one number as the size, and above it, got 10',
  )
  expect(() => resize([4, 5], { maxSize: 10 })).toThrow('got 10 for [4,5]')
})

test('a size must be pixels', () => {
  expect(() => resize(0)).toThrow('resize: expected sides of at least one pixel, got 0')
  expect(() => resize([4, 1.5])).toThrow('got [4,1.5]')
})
