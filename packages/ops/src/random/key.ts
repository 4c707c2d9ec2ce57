import { philox4x32 } from './philox.ts'

/** What a counter is used for, so that deriving keys and drawing numbers never share a counter. */
const DRAW = 0
const FOLD = 1
const SPLIT = 2

/**
 * A source of randomness, as a value: the same key always gives the same numbers, on every backend and in every
 * process. Derive a new key for each use with `fold` or `split`; never draw twice from one.
 */
export class Key {
  constructor(
    readonly high: number,
    readonly low: number,
  ) {}

  /** The key for item `n` (an epoch, a step, a sample): a non-negative safe integer, or a name. */
  fold(n: number | string): Key {
    if (typeof n === 'string') {
      let key: Key = this
      for (const byte of new TextEncoder().encode(n)) key = key.fold(byte)
      return key
    }
    if (!Number.isSafeInteger(n) || n < 0) {
      throw new RangeError(`key.fold: expected a non-negative safe integer, got ${n}`)
    }
    return this.derive(n % 0x100000000, Math.floor(n / 0x100000000), FOLD)
  }

  /** `count` independent keys. */
  split(count = 2): Key[] {
    return Array.from({ length: count }, (_, index) => this.derive(index, 0, SPLIT))
  }

  /** `count` random 32-bit words. */
  bits(count: number): Uint32Array {
    const words = new Uint32Array(Math.ceil(count / 4) * 4)
    for (let at = 0; at < words.length; at += 4) philox4x32(words, at, at / 4, 0, 0, DRAW, this.low, this.high)
    return words.subarray(0, count)
  }

  private derive(low: number, high: number, use: number): Key {
    const words = new Uint32Array(4)
    philox4x32(words, 0, low, high, 0, use, this.low, this.high)
    return new Key(words[1] as number, words[0] as number)
  }
}

/**
 * The root key of a run.
 * @param seed a non-negative safe integer
 */
export function key(seed: number): Key {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`random.key: expected a non-negative safe integer as seed, got ${seed}`)
  }
  return new Key(Math.floor(seed / 0x100000000), seed % 0x100000000)
}
