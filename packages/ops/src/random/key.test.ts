import { expect, test } from 'vitest'
import { Key, key } from './key.ts'

// By the formulas, with integers of any size in Python: with k = (low, high), `bits` are Philox4x32-10 of the counters
// (0, 0, 0, 0), (1, 0, 0, 0), …; `fold(n)` is the first two words of (n mod 2³², ⌊n / 2³²⌋, 0, 1), and `split` those of
// (i, 0, 0, 2), as (low, high). A change of any of these numbers changes every training with a seed.
const largest = Number.MAX_SAFE_INTEGER

test('words follow one another four by four', () => {
  expect([...key(0).bits(9)]).toEqual([
    0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8, 0xf8e4cca4, 0x5cb200db, 0xb1a574eb, 0x097eff67, 0x04faa329,
  ])
  expect(key(0).bits(0).length).toBe(0)
})

test.each([
  [2 ** 32 + 7, [0x59c2c148, 0xf7fde228, 0x767f1b95, 0xc883a31c]],
  [largest, [0x52a9a061, 0x90bc1c93, 0xd3ed3372, 0xa73237a9]],
])('the seed %d has these words', (seed, words) => {
  expect([...key(seed).bits(4)]).toEqual(words)
})

test('a seed is a key of two words', () => {
  expect(key(3 * 2 ** 32 + 5)).toEqual(new Key(3, 5))
  expect(key(2 ** 32 - 1)).toEqual(new Key(0, 0xffffffff))
})

test.each([
  [0, [0xc5b09f6d, 0x39fbdc6e]],
  [2 ** 32 - 1, [0xe8b56887, 0x5d8dc26a]],
  [2 ** 32 + 5, [0xaf6ddee2, 0xbd27540a]],
  [largest, [0xb0060cc1, 0x2796ae07]],
  ['dropout', [0xfcf5e091, 0x3b85ce36]],
  ['ä', [0x4b83096f, 0x6facba08]], // byte by byte in UTF-8
])('key(42).fold(%s) has these words', (n, words) => {
  expect([...key(42).fold(n).bits(2)]).toEqual(words)
})

test('a split of three has these words, and the first two of them are a split', () => {
  const parts = key(42).split(3)
  expect(parts.map((part) => [...part.bits(2)])).toEqual([
    [0x51e577ff, 0xdce58726],
    [0x889da53b, 0x652e51b8],
    [0x031dbd12, 0xe94de7fb],
  ])
  expect(key(42).split()).toEqual(parts.slice(0, 2))
})

test.each([-1, 0.5, Number.NaN, largest + 1])('an item is a non-negative safe integer, not %d', (n) => {
  expect(() => key(1).fold(n)).toThrow(`key.fold: expected a non-negative safe integer, got ${n}`)
  expect(() => key(n)).toThrow(`random.key: expected a non-negative safe integer as seed, got ${n}`)
})
