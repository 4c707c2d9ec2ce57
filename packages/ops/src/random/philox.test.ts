import { tuple } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { philox4x32 } from './philox.ts'

const all = 0xffffffff

// Random123's known-answer file, kat_vectors, lines "philox4x32 10".
test.each([
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  { counter: [all, all, all, all], key: [all, all], words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd] },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
])('equals Random123 at counter $counter', ({ counter, key, words }) => {
  const out = new Uint32Array(4)
  const [c0, c1, c2, c3] = tuple(counter, 4)
  const [k0, k1] = tuple(key, 2)
  philox4x32(out, 0, c0, c1, c2, c3, k0, k1)
  expect([...out]).toEqual(words)
})
