import { type ColorScale, inferno } from './colors.ts'
import type { Picture } from './picture.ts'
import { fractionOf, oneOf, type Range, rangeOf, type Values } from './values.ts'

export type OverlayOptions = {
  /** `'extent'` by default, from 0: a class activation map has no meaning below. */
  range?: Range
  colors?: ColorScale
  /** How much of the picture the largest value hides; where the map is 0 the picture stays. 0.7 by default. */
  opacity?: number
}

/**
 * A plane of numbers over a picture, as Grad-CAM is shown: enlarged bilinearly to the picture's size, in the colors of a
 * scale, the more opaque the larger.
 *
 * @param values `[height, width]` of any size, also with a leading 1
 * @throws RangeError for another shape or an opacity outside 0…1
 */
export function overlay(
  picture: Picture,
  values: Values,
  { range, colors = inferno, opacity = 0.7 }: OverlayOptions = {},
): Picture {
  if (!(opacity >= 0 && opacity <= 1)) throw new RangeError(`overlay: expected an opacity in 0…1, got ${opacity}.`)
  const plane = oneOf('overlay', values, 2, 'plane [height, width]')
  const ends = rangeOf(plane.data, range ?? [0, Math.max(rangeOf(plane.data, 'extent')[1], Number.MIN_VALUE)])
  const data = picture.data.slice()
  for (let y = 0; y < picture.height; y++)
    for (let x = 0; x < picture.width; x++) {
      const fraction = fractionOf(sample(plane, (x + 0.5) / picture.width, (y + 0.5) / picture.height), ends)
      const share = opacity * Math.min(1, Math.max(0, fraction))
      const color = colors(fraction)
      const start = (y * picture.width + x) * 4
      for (const channel of [0, 1, 2] as const)
        data[start + channel] = (1 - share) * (data[start + channel] as number) + share * color[channel]
    }
  return { ...picture, data }
}

/** Bilinear between the middles of cells, from places in 0…1; beyond the outer middles the outer value. */
function sample({ shape, data }: Values, across: number, down: number): number {
  const [height, width] = shape as [number, number]
  const x = Math.min(width - 1, Math.max(0, across * width - 0.5))
  const y = Math.min(height - 1, Math.max(0, down * height - 0.5))
  const [left, top] = [Math.floor(x), Math.floor(y)]
  const at = (row: number, column: number) =>
    Number(data[Math.min(height - 1, row) * width + Math.min(width - 1, column)])
  const mix = (row: number) => at(row, left) + (x - left) * (at(row, left + 1) - at(row, left))
  return mix(top) + (y - top) * (mix(top + 1) - mix(top))
}
