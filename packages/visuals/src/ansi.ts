import type { Picture } from './picture.ts'

/**
 * The picture as lines of half blocks for a terminal of 24-bit color: every character shows two pixels, one above the other.
 * A picture wider than `columns` is reduced by averaging.
 *
 * @returns lines joined by newlines, each ending with a color reset
 * @throws RangeError when `columns` is not a whole number above 0
 */
export function toAnsi(picture: Picture, columns = 80): string {
  if (!Number.isInteger(columns) || columns < 1)
    throw new RangeError(`toAnsi: expected a whole number of columns above 0, got ${columns}.`)
  const width = Math.min(columns, picture.width)
  const height = Math.max(1, Math.round((picture.height * width) / picture.width))
  const lines: string[] = []
  for (let y = 0; y < height; y += 2) {
    let line = ''
    for (let x = 0; x < width; x++) {
      const upper = average(picture, x / width, y / height, (x + 1) / width, (y + 1) / height)
      line += `\x1b[38;2;${upper.join(';')}m`
      if (y + 1 < height)
        line += `\x1b[48;2;${average(picture, x / width, (y + 1) / height, (x + 1) / width, (y + 2) / height).join(';')}m`
      line += '▀'
    }
    lines.push(`${line}\x1b[0m`)
  }
  return lines.join('\n')
}

/** Mean color of the pixels between two corners given as fractions of the picture; at least one pixel. */
function average({ width, height, data }: Picture, left: number, top: number, right: number, bottom: number): number[] {
  const [x0, y0] = [Math.floor(left * width), Math.floor(top * height)]
  const [x1, y1] = [Math.max(x0 + 1, Math.floor(right * width)), Math.max(y0 + 1, Math.floor(bottom * height))]
  const sum = [0, 0, 0]
  for (let y = y0; y < y1; y++)
    for (let x = x0; x < x1; x++)
      for (let channel = 0; channel < 3; channel++)
        sum[channel] = (sum[channel] as number) + (data[(y * width + x) * 4 + channel] as number)
  return sum.map((value) => Math.round(value / ((x1 - x0) * (y1 - y0))))
}
