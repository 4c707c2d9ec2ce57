import { random } from '@ddnet/ops'
import { expect, test } from 'vitest'
import { randomCrop } from './random-crop.ts'

const [height, width, channels] = [3, 4, 2] as const
const image = Uint8Array.from({ length: height * width * channels }, (_, at) => at + 1)
const sample = { image, shape: [height, width, channels] as const, label: 0 }

/** The definition: the window at (down, right) of the image in a frame of zeros. */
function window(down: number, right: number): Uint8Array {
  return Uint8Array.from(image, (_, at) => {
    const channel = at % channels
    const x = (Math.floor(at / channels) % width) + right
    const y = Math.floor(at / channels / width) + down
    return y >= 0 && y < height && x >= 0 && x < width ? (image[(y * width + x) * channels + channel] as number) : 0
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
    const cropped = crop(sample, { key: random.key(draw) }).image.join()
    expect(expected.has(cropped), cropped).toBe(true)
    seen.add(cropped)
  }
  expect(seen.size).toBe(expected.size)
})

test('floats stay floats', () => {
  const floats = { ...sample, image: Float32Array.from(image) }
  expect(randomCrop({ padding: 0 })(floats, { key: random.key(1) }).image).toEqual(floats.image)
})

test('it says what it lacks', () => {
  expect(() => randomCrop({ padding: 4 })(sample, {})).toThrow('randomCrop: needs a key to draw from')
  expect(() => randomCrop({ padding: -1 })).toThrow(
    'randomCrop: expected padding to be a whole number of pixels, got -1',
  )
})
