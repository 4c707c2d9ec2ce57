import { random } from '@ddnet/ops'
import { itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { boxesField, imageField, maskField } from '../fields.ts'
import { randomCrop } from './random-crop.ts'

const [height, width, channels] = [3, 4, 2] as const
const image = Uint8Array.from({ length: height * width * channels }, (_, at) => at + 1)
const sample = { image: imageField(image, [height, width, channels]), label: 0 }

/** The definition: the window at (down, right) of the image in a frame of zeros. */
function window(down: number, right: number): Uint8Array {
  return Uint8Array.from(image, (_, at) => {
    const channel = at % channels
    const x = (Math.floor(at / channels) % width) + right
    const y = Math.floor(at / channels / width) + down
    return y >= 0 && y < height && x >= 0 && x < width ? itemAt(image, (y * width + x) * channels + channel) : 0
  })
}

test.each([0, 1, 2, 6])('with padding %d every window of the padded image appears, and no other', (padding) => {
  const side = 2 * padding + 1
  const expected = new Map<string, string>()
  for (let down = -padding; down <= padding; down++) {
    for (let right = -padding; right <= padding; right++) expected.set(window(down, right).join(), `${down},${right}`)
  }
  const crop = randomCrop({ padding })
  const seen = new Set<string>()
  for (let draw = 0; draw < 30 * side * side; draw++) {
    const cropped = crop(sample, { key: random.key(draw) }).image.data.join()
    expect(expected.has(cropped), cropped).toBe(true)
    seen.add(cropped)
  }
  expect(seen.size).toBe(expected.size)
})

test.each([0, 1, 2])('reflecting %d pixels, every window of the reflected image appears, and no other', (padding) => {
  // As numpy.pad(…, mode='reflect'): … 2 1 | 0 1 2 3 | 2 1 …
  const mirror = (at: number, length: number) => length - 1 - Math.abs(length - 1 - Math.abs(at))
  const side = 2 * padding + 1
  const windows = Array.from({ length: side * side }, (_, index) => {
    const [down, right] = [Math.floor(index / side) - padding, (index % side) - padding]
    return Uint8Array.from(image, (_, at) => {
      const x = mirror((Math.floor(at / channels) % width) + right, width)
      const y = mirror(Math.floor(at / channels / width) + down, height)
      return itemAt(image, (y * width + x) * channels + (at % channels))
    }).join()
  })
  const crop = randomCrop({ padding, paddingMode: 'reflect' })
  const seen = new Set(
    Array.from({ length: 30 * side * side }, (_, draw) => crop(sample, { key: random.key(draw) }).image.data.join()),
  )
  expect([...seen].sort()).toEqual([...new Set(windows)].sort())
})

test('a window that is larger than the image holds all of its reflection', () => {
  const row = {
    image: imageField(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [3, 3, 1]),
    mask: maskField(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [3, 3]),
  }
  const { image: all, mask } = randomCrop({ size: [7, 7], padding: 2, paddingMode: 'reflect' })(row, {
    key: random.key(1),
  })
  // torch.nn.functional.pad(arange(1, 10).reshape(1, 3, 3), [2, 2, 2, 2], 'reflect')
  const expected = [
    [9, 8, 7, 8, 9, 8, 7],
    [6, 5, 4, 5, 6, 5, 4],
    [3, 2, 1, 2, 3, 2, 1],
    [6, 5, 4, 5, 6, 5, 4],
    [9, 8, 7, 8, 9, 8, 7],
    [6, 5, 4, 5, 6, 5, 4],
    [3, 2, 1, 2, 3, 2, 1],
  ].flat()
  expect([...all.data]).toEqual(expected)
  expect([...mask.data]).toEqual(expected)
})

test('what cannot be reflected is refused', () => {
  const reflect = (padding: number) => randomCrop({ padding, paddingMode: 'reflect' })
  expect(() => reflect(3)(sample, { key: random.key(1) })).toThrow(
    'randomCrop: expected an image of more than 3 pixels a side to reflect 3, got 3×4. Resize it first, or lower the padding.',
  )
  expect(() =>
    reflect(1)({ ...sample, boxes: boxesField(Float32Array.of(0, 0, 1, 1)) }, { key: random.key(1) }),
  ).toThrow("randomCrop: boxes have no reflection. Use paddingMode 'constant'.")
})

test('floats stay floats', () => {
  const floats = { ...sample, image: imageField(Float32Array.from(image), sample.image.shape) }
  expect(randomCrop({ padding: 0 })(floats, { key: random.key(1) }).image).toEqual(floats.image)
})

test('it says what it lacks', () => {
  expect(() => randomCrop({ padding: 4 })(sample, {})).toThrow('randomCrop: needs a key to draw from')
  expect(() => randomCrop({ padding: -1 })).toThrow(
    'randomCrop: expected padding to be a whole number of pixels, got -1',
  )
})
