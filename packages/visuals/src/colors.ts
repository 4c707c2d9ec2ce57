import type { Color } from './picture.ts'

/** A color for each number in 0…1; outside, the nearest end's. */
export type ColorScale = (fraction: number) => Color

/** Evenly spaced colors with straight lines between them. */
function scaleOf(...stops: readonly Color[]): ColorScale {
  return (fraction) => {
    const place = Math.min(1, Math.max(0, fraction)) * (stops.length - 1)
    const index = Math.min(stops.length - 2, Math.floor(place))
    const [from, to] = [stops[index] as Color, stops[index + 1] as Color]
    const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + (place - index) * (to[channel] - from[channel]))
    return [mix(0), mix(1), mix(2)]
  }
}

/** Black to white. */
export const gray: ColorScale = scaleOf([0, 0, 0], [255, 255, 255])

/** Ten colors of matplotlib's viridis: equal steps look equal, also without color vision, and in print. */
export const viridis: ColorScale = scaleOf(
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [109, 205, 89],
  [180, 222, 44],
  [253, 231, 37],
)

/** Ten colors of matplotlib's inferno: from black over red to a pale yellow, for what glows on a photograph. */
export const inferno: ColorScale = scaleOf(
  [0, 0, 4],
  [27, 12, 65],
  [74, 12, 107],
  [120, 28, 109],
  [165, 44, 96],
  [207, 68, 70],
  [237, 105, 37],
  [251, 155, 6],
  [247, 209, 61],
  [252, 255, 164],
)
