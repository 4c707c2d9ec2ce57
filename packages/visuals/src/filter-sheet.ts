import { fromValues } from './from-values.ts'
import { grid } from './grid.ts'
import type { Picture } from './picture.ts'
import { titled } from './titled.ts'
import { channelsOf, rangeOf, type Values } from './values.ts'

export type FilterSheetOptions = {
  title?: string
  /** At most that many filters, from the first. 64 by default; 16 where each has many planes. */
  filters?: number
  /** At most that many planes of a filter, from the first. 16 by default. */
  channels?: number
  /** Pixels a weight; 12 by default. */
  scale?: number
}

/**
 * The filters of a convolution. With 3 (or 1) input channels each filter is a tile in color (or gray), as the image that excites
 * it most; with more, each filter is a row and each of its input channels a gray tile. Zero is the middle gray, and all share one scale.
 *
 * @param values `[kernelHeight, kernelWidth, inChannels, outChannels]`: a layer's `weight.value`, not the layout of checkpoints
 * @throws RangeError for another shape
 * @example filterSheet(await toHost(model.encoder[0].conv.weight.value), { title: 'encoder.0' })
 */
export function filterSheet(
  values: Values,
  { title, filters, channels = 16, scale: factor = 12 }: FilterSheetOptions = {},
): Picture {
  const { shape, data } = values
  if (shape.length !== 4 || data.length === 0) {
    throw new RangeError(
      `filterSheet: expected filters [kernelHeight, kernelWidth, inChannels, outChannels], got the shape [${shape}].`,
    )
  }
  const [height, width, inChannels] = shape as [number, number, number, number]
  const range = rangeOf(data, 'symmetric')
  const kernels = channelsOf(values) // [kernelHeight, kernelWidth, inChannels] each
  if (inChannels === 1 || inChannels === 3) {
    const tiles = kernels.slice(0, filters ?? 64).map((kernel) => fromValues(kernel, { range }))
    return titled(grid(tiles, { columns: Math.min(8, tiles.length), scale: factor, gap: 4 }), title)
  }
  const shown = Math.min(channels, inChannels)
  const tiles = kernels.slice(0, filters ?? 16).flatMap((kernel) =>
    channelsOf(kernel)
      .slice(0, shown)
      .map((plane) => fromValues({ shape: [height, width, 1], data: plane.data }, { range })),
  )
  return titled(grid(tiles, { columns: shown, scale: factor, gap: 4 }), title)
}
