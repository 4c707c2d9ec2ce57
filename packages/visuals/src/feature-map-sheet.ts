import type { ColorScale } from './colors.ts'
import { heatMap } from './from-values.ts'
import { grid } from './grid.ts'
import type { Picture } from './picture.ts'
import { titled } from './titled.ts'
import { channelsOf, oneOf, type Range, rangeOf, type Values } from './values.ts'

export type FeatureMapSheetOptions = {
  title?: string
  /** At most that many channels, from the first. 64 by default. */
  maximum?: number
  columns?: number
  /** Pixels a value; by default maps become about 64 wide. */
  scale?: number
  /** One range for all maps of the sheet, so that weak ones look weak, or each its own. Default: 'sheet'. */
  normalize?: 'sheet' | 'map'
  colors?: ColorScale
}

/**
 * The feature maps of a layer for one image, a tile for each channel: dark where it is silent, bright where it answers most.
 *
 * @param values `[height, width, channels]`, also with a leading 1
 * @throws RangeError for another shape
 * @example featureMapSheet(await toHost(featureMaps(model, image, ['encoder.1'])['encoder.1']), { title: 'encoder.1' })
 */
export function featureMapSheet(
  values: Values,
  { title, maximum = 64, columns, scale, normalize = 'sheet', colors }: FeatureMapSheetOptions = {},
): Picture {
  const maps = oneOf('featureMapSheet', values, 3, 'image [height, width, channels]')
  const range: Range = normalize === 'sheet' ? ends(maps) : 'extent'
  const tiles = channelsOf(maps)
    .slice(0, maximum)
    .map((map) => heatMap(map, { range, ...(colors && { colors }) }))
  const factor = scale ?? Math.max(1, Math.round(64 / (maps.shape[1] as number)))
  return titled(grid(tiles, { scale: factor, gap: 4, ...(columns !== undefined && { columns }) }), title)
}

/** Of maps that are all one number, from it to one more: the range may not be empty. */
function ends({ data }: Values): [number, number] {
  const [low, high] = rangeOf(data, 'extent')
  return high > low ? [low, high] : [low, low + 1]
}
