import { allocating } from '../checks/expect.ts'
import { itemAt } from '../checks/item.ts'
import { philox4x32 } from './philox.ts'

/** What a counter is used for, so that deriving keys and drawing numbers never share a counter. */
const DRAW = 0
const FOLD = 1
const SPLIT = 2
const NAME = 3

/**
 * A source of randomness, as a value: the same key always gives the same numbers, on every backend and in every
 * process. Derive a new key for each use with `fold` or `split`; never draw twice from one.
 */
export class Key {
  /** @throws RangeError unless both are unsigned integers of 32 bits */
  constructor(
    readonly high: number,
    readonly low: number,
  ) {
    if (high >>> 0 !== high || low >>> 0 !== low) {
      throw new RangeError(`Key: expected two unsigned integers of 32 bits, got ${high} and ${low}`)
    }
  }

  /**
   * The key for item `n` (an epoch, a step, a sample), or for what has a name.
   *
   * No two chains of folds, of numbers, names or both, are the same one in disguise: `fold('ab')` is not
   * `fold('a').fold('b')`, `fold('a')` is not `fold(97)`, and `fold('')` is another key, too. Names are compared as they are
   * written, letter case and Unicode's composed and decomposed forms included.
   *
   * @param n a non-negative safe integer, or a string
   * @throws RangeError for another number, and for a string with half a surrogate pair, which has no UTF-8
   */
  fold(n: number | string): Key {
    if (typeof n === 'string') return this.foldName(n)
    if (!Number.isSafeInteger(n) || n < 0) {
      throw new RangeError(`key.fold: expected a non-negative safe integer or a name, got ${n}`)
    }
    return this.derive(n % 0x100000000, Math.floor(n / 0x100000000), FOLD)
  }

  /**
   * `count` independent keys, none of which is a fold of this one.
   * @throws RangeError unless `count` is a non-negative safe integer
   */
  split(count = 2): Key[] {
    expectCount('split', count)
    return Array.from({ length: count }, (_, index) => this.derive(index, 0, SPLIT))
  }

  /**
   * `count` random 32-bit words.
   * @throws RangeError unless `count` is a non-negative safe integer
   */
  bits(count: number): Uint32Array {
    expectCount('bits', count)
    const words = allocating('key.bits', [count], () => new Uint32Array(Math.ceil(count / 4) * 4))
    for (let at = 0; at < words.length; at += 4) philox4x32(words, at, at / 4, 0, 0, DRAW, this.low, this.high)
    return words.subarray(0, count)
  }

  private foldName(name: string): Key {
    if (/\p{Surrogate}/u.test(name)) {
      throw new RangeError(`key.fold: expected whole characters, got half a surrogate pair in ${JSON.stringify(name)}`)
    }
    const bytes = new TextEncoder().encode(name)
    // The length goes first, so that no name begins another one.
    let key = this.derive(bytes.length, 0, NAME)
    const blocks = new DataView(new ArrayBuffer(Math.ceil(bytes.length / 8) * 8))
    new Uint8Array(blocks.buffer).set(bytes)
    for (let at = 0; at < blocks.byteLength; at += 8) {
      key = key.derive(blocks.getUint32(at, true), blocks.getUint32(at + 4, true), NAME)
    }
    return key
  }

  private derive(low: number, high: number, use: number): Key {
    const words = new Uint32Array(4)
    philox4x32(words, 0, low, high, 0, use, this.low, this.high)
    return new Key(itemAt(words, 1), itemAt(words, 0))
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

function expectCount(method: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(`key.${method}: expected count as a non-negative safe integer, got ${count}`)
  }
}
