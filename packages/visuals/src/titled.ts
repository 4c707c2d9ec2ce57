import { blank, type Color, type Picture, paste } from './picture.ts'
import { drawText, fitText, measureText } from './text.ts'

const size = 2
const margin = 8

/** The picture under a line of text, in the color of the picture's top left corner; without a title the picture itself. */
export function titled(picture: Picture, title: string | undefined): Picture {
  if (title === undefined) return picture
  const background = [...picture.data.subarray(0, 3)] as unknown as Color
  const head = measureText(title, size).height + 2 * margin
  const whole = blank(picture.width, picture.height + head, background)
  paste(whole, picture, 0, head)
  const dark = background[0] + background[1] + background[2] < 384
  const ink: Color = dark ? [228, 228, 231] : [41, 37, 36]
  drawText(whole, fitText(title, picture.width - 2 * margin, size), margin, margin, ink, size)
  return whole
}
