import { blank, type Color, fill, type Picture, paste } from './picture.ts'
import { drawText, fitText, measureText } from './text.ts'

export type ConfusionSheetOptions = { title?: string }

const paper: Color = [250, 250, 249]
const ink: Color = [41, 37, 36]
const faint: Color = [120, 113, 108]
const right: Color = [22, 130, 60]
const wrong: Color = [200, 60, 30]
const margin = 16
const labelRoom = 150

/**
 * A confusion matrix: rows are what images are, columns what they were taken for, cells percent of the row, the diagonal green
 * and mistakes red, the stronger the more. With more than 30 classes the cells have no room for figures, with more than 60 none
 * for names.
 *
 * @param counts `counts[label][prediction]`, as `confusionMatrix` of `@ddnet/metrics` gives
 * @throws RangeError when the counts are not square or do not fit the names
 */
export function confusionSheet(
  counts: readonly (readonly number[])[],
  classNames: readonly string[],
  { title }: ConfusionSheetOptions = {},
): Picture {
  const shares = rowShares(counts, classNames)
  const classes = counts.length
  const cell = Math.max(1, Math.min(46, Math.floor(900 / classes)))
  const gap = cell < 6 ? 0 : 1
  const textSize = cell >= 18 ? 2 : 1
  const named = cell >= 9 * textSize && cell >= 15
  const room = named
    ? Math.min(labelRoom, Math.max(...classNames.map((name) => measureText(name, textSize).width))) + 10
    : 0
  const head = title === undefined ? 0 : 21 + margin
  const caption = 'rows: truth, columns: prediction, % of row'
  const [left, top] = [margin + room, margin + head + room]
  const width = Math.max(left + classes * cell + margin, measureText(caption, 2).width + 2 * margin)
  const sheet = blank(width, top + classes * cell + margin + 14 + margin, paper)
  if (title !== undefined) drawText(sheet, fitText(title, width - 2 * margin, 3), margin, margin, ink, 3)
  for (const [row, name] of classNames.entries()) {
    const y = top + row * cell
    if (named) {
      const label = fitText(name, room - 10, textSize)
      const length = measureText(label, textSize).width
      drawText(sheet, label, left - 10 - length, y + Math.round((cell - 7 * textSize) / 2), ink, textSize)
      paste(
        sheet,
        upright(label, textSize),
        left + row * cell + Math.round((cell - 9 * textSize) / 2),
        top - 10 - length,
      )
    }
    for (const [column, share] of (shares[row] as number[]).entries()) {
      const x = left + column * cell
      const color = tint(row === column ? right : wrong, Math.sqrt(share))
      fill(sheet, { x, y, width: cell - gap, height: cell - gap }, color)
      const percent = Math.round(share * 100)
      if (cell >= 30 && percent > 0) {
        const text = String(percent)
        const place = Math.round((cell - measureText(text, 2).width) / 2)
        drawText(sheet, text, x + place, y + Math.round((cell - 14) / 2), share > 0.3 ? [255, 255, 255] : ink, 2)
      }
    }
  }
  drawText(sheet, caption, margin, sheet.height - margin - 14, faint, 2)
  return sheet
}

/** Each row's counts as shares of it; zeros for a class without images. */
export function rowShares(counts: readonly (readonly number[])[], classNames: readonly string[]): number[][] {
  for (const row of counts)
    if (row.length !== counts.length)
      throw new RangeError(
        `confusion matrix: expected ${counts.length} counts in each of ${counts.length} rows, got ${row.length}.`,
      )
  if (counts.length === 0 || classNames.length !== counts.length)
    throw new RangeError(
      `confusion matrix: expected one name for each of ${counts.length} classes, at least one, got ${classNames.length}.`,
    )
  return counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0)
    return row.map((count) => (total === 0 ? 0 : count / total))
  })
}

function tint(color: Color, share: number): Color {
  const mix = (channel: 0 | 1 | 2) => Math.round(255 + share * (color[channel] - 255))
  return [mix(0), mix(1), mix(2)]
}

/** A line of text that reads upwards. */
function upright(text: string, size: number): Picture {
  const { width } = measureText(text, size)
  const flat = blank(Math.max(1, width), 9 * size, paper)
  drawText(flat, text, 0, 0, ink, size)
  const turned = blank(flat.height, flat.width, paper)
  for (let y = 0; y < flat.height; y++)
    for (let x = 0; x < flat.width; x++) {
      const pixel = flat.data.subarray((y * flat.width + x) * 4, (y * flat.width + x) * 4 + 4)
      turned.data.set(pixel, ((flat.width - 1 - x) * turned.width + y) * 4)
    }
  return turned
}
