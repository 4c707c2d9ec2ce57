import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import type { Key } from './key.ts'

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/** `size` uniform float32 numbers in [0, 1): the top 24 bits of each word, so that each is exact. */
export function uniformValues(key: Key, size: number): Float32Array {
  return Float32Array.from(key.bits(size), (word) => (word >>> 8) * 2 ** -24)
}

/** Uniform numbers in [min, max), float32. */
export function uniform(key: Key, shape: number[], min = 0, max = 1): Tensor {
  return tensor(
    uniformValues(key, count(shape)).map((value) => min + value * (max - min)),
    shape,
    'float32',
  )
}

/** Normal numbers by Box and Muller, made on the host in float64 and rounded once. */
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

/** Normal numbers, float32. */
export function normal(key: Key, shape: number[], mean = 0, std = 1): Tensor {
  return tensor(
    normalValues(key, count(shape)).map((value) => mean + value * std),
    shape,
    'float32',
  )
}

/**
 * Normal numbers redrawn until they lie within two standard deviations of the mean.
 * Redraw `r` of element `i` uses the key `key.fold(r)`.
 */
export function truncatedNormal(key: Key, shape: number[], mean = 0, std = 1): Tensor {
  const size = count(shape)
  const values = normalValues(key, size)
  let outside = [...values.keys()].filter((index) => Math.abs(values[index] as number) > 2)
  for (let redraw = 0; outside.length > 0; redraw++) {
    const fresh = normalValues(key.fold(redraw), outside.length)
    for (const [position, index] of outside.entries()) values[index] = fresh[position] as number
    outside = outside.filter((index) => Math.abs(values[index] as number) > 2)
  }
  return tensor(
    values.map((value) => mean + value * std),
    shape,
    'float32',
  )
}

/** An integer in [0, bound) from one 32-bit word: `⌊word · bound / 2³²⌋`; the bias is below `bound / 2³²`. */
const below = (word: number, bound: number): number => Math.floor((word / 0x100000000) * bound)

/** One integer in [0, bound). */
export function integer(key: Key, bound: number): number {
  return below(key.bits(1)[0] as number, bound)
}

/** The numbers 0 … size − 1 in random order (Fisher–Yates). */
export function permutation(key: Key, size: number): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, index) => index)
  const bits = key.bits(size)
  for (let last = size - 1; last > 0; last--) {
    const other = below(bits[last] as number, last + 1)
    const value = order[last] as number
    order[last] = order[other] as number
    order[other] = value
  }
  return order
}

/** A mask of ones (with `probability`) and zeros, float32. */
export function bernoulli(key: Key, shape: number[], probability = 0.5): Tensor {
  return tensor(
    uniformValues(key, count(shape)).map((value) => (value < probability ? 1 : 0)),
    shape,
    'float32',
  )
}
