import { itemAt } from '@ddnet/ops/checks'
import { expectCleanPrototypes } from './poison.ts'

/** Random numbers in [0, 1) of a seed. @see Tommy Ettinger's mulberry32 */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Bytes where files have lengths, counts and ends of texts. */
const SPECIAL = [0, 1, 0x22, 0x27, 0x2c, 0x2d, 0x30, 0x39, 0x5b, 0x5d, 0x65, 0x7b, 0x7d, 0x7f, 0x80, 0xff]

/** A file as disks, networks and people with bad intentions leave it: one to four changes of bytes, cuts, repetitions and gaps. */
function mutate(file: Uint8Array, random: () => number): Uint8Array {
  let bytes = Uint8Array.from(file)
  const below = (bound: number): number => Math.floor(random() * bound)
  // Headers decide most: every second place is among the first bytes.
  const place = (): number => below(random() < 0.5 ? Math.min(bytes.length, 64) : bytes.length)
  const special = (): number => itemAt(SPECIAL, below(SPECIAL.length))
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = place()
    const length = Math.min(1 + below(8), bytes.length - at)
    switch (below(7)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))
        break
      case 1:
        bytes[at] = below(256)
        break
      case 2:
        bytes.fill(special(), at, at + length)
        break
      case 3:
        bytes = bytes.slice(0, at)
        break
      case 4: // a gap
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)])
        break
      case 5: // a repetition
        bytes = Uint8Array.from([...bytes.subarray(0, at + length), ...bytes.subarray(at)])
        break
      default:
        bytes = Uint8Array.from([...bytes.subarray(0, at), special(), ...bytes.subarray(at)])
    }
  }
  return bytes
}

export interface MutationsRead {
  readonly accepted: number
  readonly refused: number
  /** The most that one reading added to what JavaScript holds, in bytes, typed arrays included. */
  readonly maxBytes: number
}

/** What one reading of a file of a few kB may take; a length that is believed asks for more, or for gigabytes. */
const ALLOWED_BYTES = 16 * 2 ** 20

/**
 * Reads `count` mutations of each file, and fails at one that ends in another error than `isExpected` knows, that takes
 * much more memory than its size explains, or that changes a prototype; that one is named by its seed. One that hangs runs into the limit of
 * `pnpm reliability`, or of whoever runs the tests.
 *
 * @param files of some kB each
 */
export async function readMutations(
  files: readonly Uint8Array[],
  read: (file: Uint8Array) => unknown,
  { count, seed, isExpected }: { count: number; seed: number; isExpected: (error: unknown) => boolean },
): Promise<MutationsRead> {
  let refused = 0
  let maxBytes = 0
  for (let at = 0; at < count; at++) {
    const name = `mutation ${seed + at} of file ${at % files.length}`
    const mutated = mutate(itemAt(files, at % files.length), seededRandom(seed + at))
    const before = heldBytes()
    try {
      await read(mutated)
    } catch (error) {
      if (!isExpected(error)) throw new Error(`${name}: ${error}`, { cause: error })
      refused++
    }
    expectCleanPrototypes(name)
    // Collected garbage lowers it, so that a small growth says little; a large one cannot hide.
    const bytes = heldBytes() - before
    if (bytes > ALLOWED_BYTES)
      throw new Error(`${name} took ${bytes} bytes of memory, expected at most ${ALLOWED_BYTES}`)
    maxBytes = Math.max(maxBytes, bytes)
  }
  return { accepted: count - refused, refused, maxBytes }
}

/** What JavaScript holds, typed arrays included: those that nobody has touched yet, too. */
function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
