import { itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { type Picture, synthetic } from '../../test/synthetic-cifar10.ts'
import { channelStatistics, verifySplit } from './verify-split.ts'

const { test: pictures, facts } = synthetic()
const verification = { location: 'the data', remedy: 'Fetch it again.', ordered: true }
const splitOf = (some: readonly Picture[]) => ({
  images: Uint8Array.from(some.flatMap(({ pixels }) => [...pixels])),
  labels: Uint8Array.from(some, ({ label }) => label),
})

test('the data itself passes', () => {
  verifySplit(splitOf(pictures), facts.test, verification)
})

test('another count is told', () => {
  expect(() => verifySplit(splitOf(pictures.slice(1)), facts.test, verification)).toThrow(
    'the data is not CIFAR-10: expected count 10, got 9. Fetch it again.',
  )
})

test('another order is told, unless no order is expected', () => {
  const reversed = splitOf(pictures.toReversed())
  expect(() => verifySplit(reversed, facts.test, verification)).toThrow(
    'expected first labels 6 9 4 1 2 7 8 3 0 5, got 5 0 3 8 7 2 1 4 9 6',
  )
  verifySplit(reversed, facts.test, { ...verification, ordered: false })
})

test('an unbalanced class is told', () => {
  const doubled = splitOf([...pictures.slice(1), itemAt(pictures, 1)])
  expect(() => verifySplit(doubled, facts.test, { ...verification, ordered: false })).toThrow('expected images a class')
})

test('other pixels are told by their statistics', () => {
  const brighter = splitOf(pictures.map(({ label, pixels }) => ({ label, pixels: pixels.map((byte) => byte | 1) })))
  expect(() => verifySplit(brighter, facts.test, verification)).toThrow('expected channel means')
  const swapped = pictures.map(({ label, pixels }) => ({ label, pixels: pixels.map((byte) => 255 - byte) }))
  expect(() => verifySplit(splitOf(swapped), facts.test, verification)).toThrow('expected channel means')
})

test('channel statistics are those of the formula', () => {
  // red 0 and 255, green 51 and 51, blue 0 and 51
  const { mean, std } = channelStatistics(Uint8Array.of(0, 51, 0, 255, 51, 51))
  expect(mean).toEqual([0.5, 0.2, 0.1])
  expect(std).toEqual([0.5, 0, 0.1])
})
