import { type ColorScale, viridis } from './colors.ts'
import type { Color, Picture } from './picture.ts'
import { fractionOf, oneOf, type Range, rangeOf, type Values } from './values.ts'

/** What has no color: a NaN. */
const nowhere: Color = [255, 0, 255]

/**
 * Numbers to a photograph: `range` becomes black to white, in each of three channels, or in one for gray.
 *
 * @param values `[height, width, 1 or 3]`, also with a leading 1
 * @param options.range `'extent'` by default. Of an image that was normalised for a model, give what its black and white became
 * @returns NaN is magenta
 * @throws RangeError for another shape or an empty range
 * @example fromValues(await toHost(reconstruct(model, images, { layer: 'encoder.0' })), { range: [-mean / std, (1 - mean) / std] })
 */
export function fromValues(values: Values, { range = 'extent' }: { range?: Range } = {}): Picture {
  const { shape, data } = oneOf('fromValues', values, 3, 'image [height, width, channels]')
  const [height, width, channels] = shape as [number, number, number]
  if (channels !== 1 && channels !== 3) throw new RangeError(`fromValues: expected 1 or 3 channels, got ${channels}.`)
  const ends = rangeOf(data, range)
  return paint(width, height, (pixel) => {
    const color = [0, 1, 2].map((channel) => {
      const value = Number(data[pixel * channels + (channels === 1 ? 0 : channel)])
      return 255 * fractionOf(value, ends)
    })
    return color.some(Number.isNaN) ? nowhere : (color as unknown as Color)
  })
}

/**
 * A plane of numbers in the colors of a scale.
 *
 * @param values `[height, width]`, also with a leading 1
 * @returns NaN is magenta
 * @throws RangeError for another shape or an empty range
 */
export function heatMap(
  values: Values,
  { range = 'extent', colors = viridis }: { range?: Range; colors?: ColorScale } = {},
): Picture {
  const { shape, data } = oneOf('heatMap', values, 2, 'plane [height, width]')
  const [height, width] = shape as [number, number]
  const ends = rangeOf(data, range)
  return paint(width, height, (pixel) => {
    const fraction = fractionOf(Number(data[pixel]), ends)
    return Number.isNaN(fraction) ? nowhere : colors(fraction)
  })
}

function paint(width: number, height: number, colorOf: (pixel: number) => Color): Picture {
  const data = new Uint8ClampedArray(width * height * 4).fill(255)
  for (let pixel = 0; pixel < width * height; pixel++) data.set(colorOf(pixel), pixel * 4)
  return { width, height, data }
}
