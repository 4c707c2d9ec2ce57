import { blank, type Color, type Picture, paste } from './picture.ts'
import { scale } from './scale.ts'

export type GridOptions = { columns?: number; scale?: number; gap?: number; background?: Color }

/**
 * Images side by side in rows, left to right and top to bottom, on a background with `gap` pixels between and around them.
 *
 * @param images all of one size
 * @throws RangeError when there is no image or their sizes differ
 */
export function grid(
  images: readonly Picture[],
  {
    columns = Math.ceil(Math.sqrt(images.length)),
    scale: factor = 1,
    gap = 2,
    background = [24, 24, 27],
  }: GridOptions = {},
): Picture {
  const [first] = images
  if (first === undefined) throw new RangeError('grid: expected at least one image, got none.')
  for (const { width, height } of images)
    if (width !== first.width || height !== first.height)
      throw new RangeError(
        `grid: expected every image to be ${first.width}×${first.height} like the first, got ${width}×${height}.`,
      )
  if (!Number.isInteger(columns) || columns < 1)
    throw new RangeError(`grid: expected a whole number of columns above 0, got ${columns}.`)
  const rows = Math.ceil(images.length / columns)
  const [cellWidth, cellHeight] = [first.width * factor + gap, first.height * factor + gap]
  const picture = blank(columns * cellWidth + gap, rows * cellHeight + gap, background)
  for (const [index, image] of images.entries())
    paste(
      picture,
      scale(image, factor),
      gap + (index % columns) * cellWidth,
      gap + Math.floor(index / columns) * cellHeight,
    )
  return picture
}
