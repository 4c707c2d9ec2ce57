import { expect, test } from 'vitest'
import { imageField } from '../fields.ts'
import { normalize } from './normalize.ts'

const pixels = Uint8Array.of(0, 255, 51, 102, 0, 255)
const bytes = { image: imageField(pixels, [1, 2, 3]), label: 4 }

test('bytes become (x / 255 − mean) / std of their channel', () => {
  const { image, label } = normalize({ mean: [0.5, 0, 0.2], std: [0.5, 1, 0.1] })(bytes, {})
  expect({ image, label }).toEqual({ image: imageField(Float32Array.of(-1, 1, 0, -0.2, 0, 8), [1, 2, 3]), label: 4 })
})

test('floats are not divided again', () => {
  const { image } = normalize({ mean: [0.5, 0, 0.25], std: [0.5, 1, 0.25] })(
    { ...bytes, image: imageField(Float32Array.of(0, 1, 0.5, 1, 2, 0), [1, 2, 3]) },
    {},
  )
  expect(image.data).toEqual(Float32Array.of(-1, 1, 1, 1, 2, -1))
})

test('one number serves all channels', () => {
  expect(normalize({ mean: 0.5, std: 0.5 })(bytes, {}).image.data).toEqual(
    Float32Array.from([-1, 1, -0.6, -0.2, -1, 1]),
  )
})

test('the sample itself is not changed', () => {
  normalize({ mean: 0.5, std: 0.5 })(bytes, {})
  expect(pixels).toEqual(Uint8Array.of(0, 255, 51, 102, 0, 255))
})

test('numbers that cannot be are refused', () => {
  expect(() => normalize({ mean: 0, std: 0 })).toThrow('normalize: expected every std to be above 0, got [0]')
  expect(() => normalize({ mean: [0, 0], std: 1 })(bytes, {})).toThrow(
    'normalize: expected 1 or 3 numbers for 3 channels, got [0,0]',
  )
})
