import { random } from '@ddnet/ops'
import { expect, test } from 'vitest'
import { imageField } from '../fields.ts'
import { randomHorizontalFlip } from './random-horizontal-flip.ts'

const sample = { image: imageField(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), [2, 3, 2]), label: 0 }
const mirrored = Uint8Array.of(5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8)
const key = random.key(1)

test('pixels change sides, channels stay together', () => {
  expect(randomHorizontalFlip({ probability: 1 })(sample, { key }).image.data).toEqual(mirrored)
  expect(sample.image.data[0]).toBe(1)
})

test('probability 0 leaves the image as it is', () => {
  expect(randomHorizontalFlip({ probability: 0 })(sample, { key })).toBe(sample)
})

test('half of the keys flip, and each key always does the same', () => {
  const flip = randomHorizontalFlip()
  const flipped = (index: number) => flip(sample, { key: key.fold(index) }).image.data[0] === 5
  const outcomes = Array.from({ length: 2000 }, (_, index) => flipped(index))
  // five standard deviations of a binomial
  expect(Math.abs(outcomes.filter(Boolean).length - 1000)).toBeLessThan(5 * Math.sqrt(500))
  expect(Array.from({ length: 2000 }, (_, index) => flipped(index))).toEqual(outcomes)
})

test('it says what it lacks', () => {
  expect(() => randomHorizontalFlip()(sample, {})).toThrow(
    'randomHorizontalFlip: needs a key to draw from. Give the loader one',
  )
  expect(() => randomHorizontalFlip({ probability: 2 })).toThrow('expected a probability in 0 … 1, got 2')
})
