import { tensor } from '../array/create.ts'
import { allocating, expectShape } from '../checks/expect.ts'
import type { TensorOf } from '../checks/ranks.ts'
import type { Key } from './key.ts'

/** `size` uniform float32 numbers in [0, 1): the top 24 bits of each word, so that each is exact. */
export function uniformValues(key: Key, size: number): Float32Array {
  return Float32Array.from(key.bits(size), (word) => (word >>> 8) * 2 ** -24)
}

/** A tensor of what is drawn for so many values. @throws RangeError where there is no memory for them */
function drawn<const S extends readonly number[]>(
  name: string,
  shape: S,
  draw: (size: number) => Float32Array | Int32Array,
): TensorOf<S> {
  const size = expectShape(`random.${name}`, shape)
  return allocating(`random.${name}`, shape, () => {
    const values = draw(size)
    return tensor(values, shape, values instanceof Int32Array ? 'int32' : 'float32')
  })
}

/**
 * Uniform numbers in [min, max), float32.
 * @throws RangeError unless `min ≤ max`
 */
export function uniform<const S extends readonly number[]>(key: Key, shape: S, min = 0, max = 1): TensorOf<S> {
  if (!(min <= max)) throw new RangeError(`random.uniform: expected min ≤ max, got ${min} and ${max}`)
  return drawn('uniform', shape, (size) => uniformValues(key, size).map((value) => between(value, min, max)))
}

/** `min + value · (max − min)`, rounded to float32, but never up to `max`. */
export function between(value: number, min: number, max: number): number {
  const rounded = Math.fround(min + value * (max - min))
  if (rounded < max || min === max) return rounded
  // The float32 before it: the last bit of its pattern less or, below zero, more.
  const bits = new Int32Array(Float32Array.of(rounded).buffer)
  bits[0] = rounded > 0 ? (bits[0] as number) - 1 : rounded < 0 ? (bits[0] as number) + 1 : 0x80000001 | 0
  return new Float32Array(bits.buffer)[0] as number
}

/**
 * Normal numbers by Box and Muller, made on the host in float64 and rounded once, so that backends cannot differ.
 * JavaScript engines may: their logarithms and cosines need not agree in the last bit of a float64, which the rounding
 * to float32 hides almost always. All other draws are the same bits in every engine.
 */
export function normalValues(key: Key, size: number): Float32Array {
  const bits = key.bits(size + (size % 2))
  const values = new Float32Array(size)
  for (let index = 0; index < size; index += 2) {
    // (0, 1], so that the logarithm is finite
    const radius = Math.sqrt(-2 * Math.log(((bits[index] as number) + 1) * 2 ** -32))
    const angle = 2 * Math.PI * ((bits[index + 1] as number) * 2 ** -32)
    values[index] = radius * Math.cos(angle)
    if (index + 1 < size) values[index + 1] = radius * Math.sin(angle)
  }
  return values
}

/**
 * Normal numbers, float32.
 * @throws RangeError unless `std ≥ 0`
 */
export function normal<const S extends readonly number[]>(key: Key, shape: S, mean = 0, std = 1): TensorOf<S> {
  expectStd('normal', std)
  return drawn('normal', shape, (size) => normalValues(key, size).map((value) => mean + value * std))
}

/**
 * Normal numbers redrawn until they lie within two standard deviations of the mean.
 * Redraw `r` of element `i` uses the key `key.fold(r)`.
 * @throws RangeError unless `std ≥ 0`
 */
export function truncatedNormal<const S extends readonly number[]>(key: Key, shape: S, mean = 0, std = 1): TensorOf<S> {
  expectStd('truncatedNormal', std)
  return drawn('truncatedNormal', shape, (size) => {
    const values = normalValues(key, size)
    let outside: number[] = []
    for (let index = 0; index < size; index++) if (Math.abs(values[index] as number) > 2) outside.push(index)
    for (let redraw = 0; outside.length > 0; redraw++) {
      const fresh = normalValues(key.fold(redraw), outside.length)
      for (const [position, index] of outside.entries()) values[index] = fresh[position] as number
      outside = outside.filter((index) => Math.abs(values[index] as number) > 2)
    }
    return values.map((value) => mean + value * std)
  })
}

function expectStd(name: string, std: number): void {
  if (!(std >= 0)) throw new RangeError(`random.${name}: expected std ≥ 0, got ${std}`)
}

/** An integer in [0, bound) from one 32-bit word: `⌊word · bound / 2³²⌋`; the bias is below `bound / 2³²`. */
const below = (word: number, bound: number): number => Math.floor((word / 0x100000000) * bound)

/**
 * One integer in [0, bound).
 * @throws RangeError unless `bound` is an integer from 1 to 2³²
 */
export function integer(key: Key, bound: number): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > 0x100000000) {
    throw new RangeError(`random.integer: expected bound as an integer from 1 to 2³², got ${bound}`)
  }
  return below(key.bits(1)[0] as number, bound)
}

/**
 * Integers in [min, max), int32.
 * @throws RangeError unless both are integers of 32 bits, and `min < max`
 * @see torch.randint
 */
export function integers<const S extends readonly number[]>(key: Key, shape: S, min: number, max: number): TensorOf<S> {
  if (!Number.isInteger(min) || !Number.isInteger(max) || min < -(2 ** 31) || max > 2 ** 31 || min >= max) {
    throw new RangeError(`random.integers: expected 32-bit integers min < max, got ${min} and ${max}`)
  }
  return drawn('integers', shape, (size) => Int32Array.from(key.bits(size), (word) => min + below(word, max - min)))
}

/**
 * The numbers 0 … size − 1 in random order (Fisher–Yates).
 * @throws RangeError unless `size` is a non-negative integer
 */
export function permutation(key: Key, size: number): Uint32Array {
  if (!Number.isInteger(size) || size < 0) {
    throw new RangeError(`random.permutation: expected size as a non-negative integer, got ${size}`)
  }
  const [order, bits] = allocating('random.permutation', [size], () => [new Uint32Array(size), key.bits(size)] as const)
  for (let index = 0; index < size; index++) order[index] = index
  for (let last = size - 1; last > 0; last--) {
    const other = below(bits[last] as number, last + 1)
    const value = order[last] as number
    order[last] = order[other] as number
    order[other] = value
  }
  return order
}

/**
 * A mask of ones (with `probability`) and zeros, float32.
 * @throws RangeError unless `probability` lies in [0, 1]
 */
export function bernoulli<const S extends readonly number[]>(key: Key, shape: S, probability = 0.5): TensorOf<S> {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`random.bernoulli: expected a probability from 0 to 1, got ${probability}`)
  }
  return drawn('bernoulli', shape, (size) => uniformValues(key, size).map((value) => (value < probability ? 1 : 0)))
}
