import { DatasetError } from '../dataset-error.ts'

export type Interval = readonly [min: number, max: number]

/** @throws DatasetError unless `least ≤ min ≤ max ≤ most` */
export function expectInterval(
  transform: string,
  name: string,
  [min, max]: Interval,
  least: number = Number.NEGATIVE_INFINITY,
  most: number = Number.POSITIVE_INFINITY,
): void {
  if (min >= least && max <= most && min <= max) return
  const limits =
    least === Number.NEGATIVE_INFINITY
      ? ''
      : most === Number.POSITIVE_INFINITY
        ? `, from ${least}`
        : ` within ${least} … ${most}`
  throw new DatasetError(`${transform}: expected ${name} as [min, max]${limits}, got [${min}, ${max}]`)
}

/** @throws DatasetError unless `probability` lies in 0 … 1 */
export function expectProbability(transform: string, probability: number): void {
  if (probability >= 0 && probability <= 1) return
  throw new DatasetError(`${transform}: expected a probability in 0 … 1, got ${probability}`)
}

/** The number at `share` (0 … 1) of the way from `min` to `max`. */
export const within = ([min, max]: Interval, share: number): number => min + share * (max - min)
