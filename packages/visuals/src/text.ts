import { font5x7 } from './font-5x7.ts'
import { type Color, fill, type Picture } from './picture.ts'

const glyphWidth = 5
const glyphHeight = 7
const spacing = 1

/** Width, and height above the baseline, in pixels of `text` on one line at `size` pixels a dot; descenders need 2 dots more. */
export function measureText(text: string, size = 1): { width: number; height: number } {
  return { width: Math.max(0, [...text].length * (glyphWidth + spacing) - spacing) * size, height: glyphHeight * size }
}

/**
 * Draws one line of text in place with its top left corner at (x, y).
 * The font holds printable ASCII; any other character is drawn as `?`.
 *
 * @param size pixels a dot: the text is `7 * size` pixels high, and `2 * size` more where letters descend
 */
export function drawText(picture: Picture, text: string, x: number, y: number, color: Color, size = 1): void {
  for (const [index, character] of [...text].entries()) {
    const rows = (font5x7[character] ?? (font5x7['?'] as string)).split(' ')
    const left = x + index * (glyphWidth + spacing) * size
    for (const [row, dots] of rows.entries())
      for (const [column, dot] of [...dots].entries())
        if (dot === '#') fill(picture, { x: left + column * size, y: y + row * size, width: size, height: size }, color)
  }
}

/** `text` cut to what fits into `width` pixels, with two dots where something is missing. */
export function fitText(text: string, width: number, size = 1): string {
  const characters = [...text]
  const room = Math.floor((width / size + spacing) / (glyphWidth + spacing))
  return characters.length <= room ? text : `${characters.slice(0, Math.max(0, room - 2)).join('')}..`
}
