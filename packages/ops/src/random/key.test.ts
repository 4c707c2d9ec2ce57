import { itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { Key, key } from './key.ts'

// By the formulas, with integers of any size in Python: with k = (low, high), `bits` are Philox4x32-10 of the counters
// (0, 0, 0, 0), (1, 0, 0, 0), …; `fold(n)` is the first two words of (n mod 2³², ⌊n / 2³²⌋, 0, 1), and `split` those of
// (i, 0, 0, 2), as (low, high). A name is folded as those of (its bytes' count, 0, 0, 3), and then of (low, high, 0, 3) for
// each 8 bytes of its UTF-8, the last ones filled up with zeros. A change of any of these numbers changes every training
// with a seed.
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
  ['', [0x4fa3a90f, 0x90567bfd]],
  ['a', [0x299ef8b4, 0x7d9546a8]],
  ['dropout', [0xf75571d0, 0x89d9bbe9]],
  ['aaaaaaaa', [0x10cd349b, 0xa2f80105]],
  ['running_mean', [0xf586b97f, 0x8a2a050b]],
  ['ä', [0x4a77b55b, 0xd8a9bf86]],
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

test('no chain of folds, splits and draws is another one in disguise', () => {
  const k = key(7)
  const words = k.bits(4)
  const chains = [
    k,
    ...k.split(3),
    ...['', 'a', 'b', 'ab', 'ba', 'a\0', '\0', '97', 'A', 'aaaaaaaa', 'aaaaaaaaa', 'é', 'e\u0301'].map((n) =>
      k.fold(n),
    ),
    ...[0, 1, 2, 3, 97, 98, 2 ** 32, 2 ** 32 + 97].map((n) => k.fold(n)),
    k.fold('').fold(''),
    k.fold('a').fold('b'),
    k.fold('a').fold(98),
    k.fold(97).fold('b'),
    k.fold(97).fold(98),
    k.fold(1).fold(97),
    k.fold(1).fold('a'),
    k.fold('a').fold(''),
    k.fold('aaaaaaaa').fold('a'),
    k.fold(0).fold(0),
    ...k.fold('a').split(2),
    ...k.fold(0).split(2),
    new Key(itemAt(words, 1), itemAt(words, 0)),
    new Key(itemAt(words, 3), itemAt(words, 2)),
  ].map(({ high, low }) => `${high} ${low}`)
  expect(new Set(chains).size).toBe(chains.length)
})

test.each<number | bigint | boolean>([-1, 0.5, Number.NaN, largest + 1, 5n, true])(
  'an item is a non-negative safe integer, not %s',
  (n) => {
    // @ts-expect-error some of them are no numbers
    expect(() => key(1).fold(n)).toThrow(`key.fold: expected a non-negative safe integer or a name, got ${n}`)
    // @ts-expect-error some of them are no numbers
    expect(() => key(n)).toThrow(`random.key: expected a non-negative safe integer as seed, got ${n}`)
  },
)

test('half a surrogate pair is no name, since all halves have one UTF-8', () => {
  expect(() => key(1).fold('a\ud83d')).toThrow('got half a surrogate pair in "a\\ud83d"')
  expect(key(1).fold('🦆')).toEqual(key(1).fold('\u{1f986}'))
})

test.each([-1, 0.5, Number.NaN, largest + 1])('a count is a non-negative safe integer, not %d', (count) => {
  expect(() => key(1).split(count)).toThrow(`key.split: expected count as a non-negative safe integer, got ${count}`)
  expect(() => key(1).bits(count)).toThrow(`key.bits: expected count as a non-negative safe integer, got ${count}`)
})

test.each([-1, 0.5, Number.NaN, 2 ** 32])('a word of a key is an unsigned integer of 32 bits, not %d', (word) => {
  expect(() => new Key(word, 0)).toThrow(`expected two unsigned integers of 32 bits, got ${word} and 0`)
  expect(() => new Key(0, word)).toThrow(`expected two unsigned integers of 32 bits, got 0 and ${word}`)
})
