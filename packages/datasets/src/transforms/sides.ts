import { DatasetError } from '../dataset-error.ts'

/** One number for both sides, or each. */
export type Sides = number | readonly [height: number, width: number]

/** @throws DatasetError unless both sides are at least one whole pixel */
export function sidesOf(transform: string, size: Sides): readonly [height: number, width: number] {
  const sides = typeof size === 'number' ? ([size, size] as const) : size
  for (const side of sides) {
    if (!Number.isInteger(side) || side < 1) {
      throw new DatasetError(`${transform}: expected sides of at least one pixel, got ${JSON.stringify(size)}`)
    }
  }
  return sides
}
