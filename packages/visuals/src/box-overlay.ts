import { classColor } from './class-overlay.ts'
import { type Color, fill, type Picture } from './picture.ts'
import { scale } from './scale.ts'
import { drawText, measureText } from './text.ts'

/** A box on a picture, and what is written at it. */
export interface DrawnBox {
  /** Left, top, right and bottom, in pixels of the picture. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number]
  /** Its color is that of class `label + 1`, for 0 is the ground. */
  readonly label: number
  readonly text: string
}

export interface BoxOverlayOptions {
  /** Pixels a pixel of the picture; by default pictures become about 256 wide. */
  readonly scale?: number
}

const white: Color = [255, 255, 255]

/**
 * The picture enlarged, with boxes over it and what they are, the first one on top.
 *
 * @throws RangeError when `scale` is not a whole number above 0
 */
export function boxOverlay(
  picture: Picture,
  boxes: readonly DrawnBox[],
  { scale: factor = Math.max(1, Math.round(256 / picture.width)) }: BoxOverlayOptions = {},
): Picture {
  const enlarged = scale(picture, factor)
  const line = Math.max(1, Math.round(enlarged.width / 160))
  const size = Math.max(1, Math.round(enlarged.width / 320))
  for (const { box, label, text } of boxes.toReversed()) {
    const [left = 0, top = 0, right = 0, bottom = 0] = box.map((side) => Math.round(side * factor))
    const color = visible(classColor(label + 1))
    const [width, height] = [Math.max(right - left, line), Math.max(bottom - top, line)]
    fill(enlarged, { x: left, y: top, width, height: line }, color)
    fill(enlarged, { x: left, y: bottom - line, width, height: line }, color)
    fill(enlarged, { x: left, y: top, width: line, height }, color)
    fill(enlarged, { x: right - line, y: top, width: line, height }, color)
    const words = measureText(text, size)
    const plate = { width: words.width + 2 * size, height: words.height + 3 * size }
    // Above the box where there is room, and all on the picture.
    const x = Math.max(0, Math.min(left, enlarged.width - plate.width))
    const y = top >= plate.height ? top - plate.height : Math.min(top, enlarged.height - plate.height)
    fill(enlarged, { x, y: Math.max(0, y), ...plate }, color)
    drawText(enlarged, text, x + size, Math.max(0, y) + size, white, size)
  }
  return enlarged
}

/** Dark enough for white letters, light enough for a dark picture. */
const visible = ([red, green, blue]: Color): Color => {
  const level = (value: number) => Math.min(176, value + 48)
  return [level(red), level(green), level(blue)]
}
