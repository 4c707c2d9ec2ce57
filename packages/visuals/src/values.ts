/** Numbers with a shape, rows first: what `toHost` of `@ddnet/ops` gives for a tensor, or any array beside its shape. */
export type Values = { readonly shape: readonly number[]; readonly data: ArrayLike<number | bigint> }

/**
 * Which numbers become the two ends of a color scale: these two; the smallest and the largest value; or ± the largest
 * magnitude, so that 0 is in the middle.
 */
export type Range = readonly [low: number, high: number] | 'extent' | 'symmetric'

/**
 * The two numbers that a range means for these values. NaN and infinities do not count; without any number it is 0 to 1.
 *
 * @throws RangeError when two numbers were given and the first is not below the second
 */
export function rangeOf(data: ArrayLike<number | bigint>, range: Range): [low: number, high: number] {
  if (typeof range !== 'string') {
    const [low, high] = range
    if (!(low < high)) throw new RangeError(`range: expected two numbers, the lower first, got [${low}, ${high}].`)
    return [low, high]
  }
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let index = 0; index < data.length; index++) {
    const value = Number(data[index])
    if (!Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (low > high) return [0, 1]
  if (range === 'extent') return [low, high]
  const largest = Math.max(Math.abs(low), Math.abs(high)) || 1
  return [-largest, largest]
}

/** Where in 0…1 a value lies; in a range without extent at 0. NaN stays NaN. */
export const fractionOf = (value: number, [low, high]: readonly [number, number]): number =>
  high > low ? (value - low) / (high - low) : value - low

/** The values along the first axis: of a batch its images. */
export function imagesOf({ shape, data }: Values): Values[] {
  const [count = 0, ...rest] = shape
  const size = rest.reduce((product, each) => product * each, 1)
  return Array.from({ length: count }, (_, index) => ({
    shape: rest,
    data: Array.from({ length: size }, (_, place) => data[index * size + place] as number | bigint),
  }))
}

/** The values along the last axis: of an image its channels. */
export function channelsOf({ shape, data }: Values): Values[] {
  const count = shape.at(-1) ?? 1
  return Array.from({ length: count }, (_, channel) => ({
    shape: shape.slice(0, -1),
    data: Array.from({ length: data.length / count }, (_, place) => data[place * count + channel] as number | bigint),
  }))
}

/**
 * Without a leading axis of one image, which models give.
 *
 * @throws RangeError when what is left has not `rank` axes, or its data do not fill its shape
 */
export function oneOf(what: string, { shape, data }: Values, rank: number, axes: string): Values {
  const inner = shape.length === rank + 1 && shape[0] === 1 ? shape.slice(1) : shape
  const size = inner.reduce((product, each) => product * each, 1)
  if (inner.length !== rank || size !== data.length || size === 0) {
    throw new RangeError(
      `${what}: expected the values of one ${axes}, got the shape [${shape}] with ${data.length} values. Take one out of a batch with imagesOf.`,
    )
  }
  return { shape: inner, data }
}
