import { blank, type Color, type Picture, paste } from './picture.ts'
import { scale } from './scale.ts'
import { drawText, measureText } from './text.ts'

export type PictureTableOptions = {
  title?: string
  /** A heading for each column. */
  columns?: readonly string[]
  /** Pixels a pixel; by default pictures become about 128 wide. */
  scale?: number
}

/** Pictures that belong together, with what they share. */
export type PictureRow = { label?: string; pictures: readonly Picture[] }

const paper: Color = [250, 250, 249]
const ink: Color = [41, 37, 36]
const faint: Color = [120, 113, 108]
const gap = 8
const margin = 16
const textSize = 2
const line = 9 * textSize

/**
 * Pictures in rows and columns with their names: an image beside what a network sees in it. Pictures of different sizes are
 * enlarged by whole factors to about one width.
 *
 * @throws RangeError when there is no picture
 * @example pictureTable([{ label: 'cat', pictures: [image, overlay(image, map)] }], { columns: ['image', 'Grad-CAM'] })
 */
export function pictureTable(
  rows: readonly PictureRow[],
  { title, columns = [], scale: factor }: PictureTableOptions = {},
): Picture {
  const pictures = rows.flatMap((row) => row.pictures)
  if (pictures.length === 0) throw new RangeError('pictureTable: expected at least one picture, got none.')
  const widest = Math.max(...pictures.map(({ width }) => width))
  const target = widest * (factor ?? Math.max(1, Math.round(128 / widest)))
  const enlarged = rows.map((row) =>
    row.pictures.map((picture) => scale(picture, Math.max(1, Math.round(target / picture.width)))),
  )
  const headings = columns.map((name) => measureText(name, textSize).width + gap)
  const cellWidth = Math.max(...enlarged.flat().map(({ width }) => width), ...headings)
  const heights = enlarged.map((row) => Math.max(1, ...row.map(({ height }) => height)))
  const labelWidth = Math.max(0, ...rows.map(({ label = '' }) => measureText(label, textSize).width))
  const left = margin + (labelWidth > 0 ? labelWidth + gap : 0)
  const across = Math.max(...enlarged.map((row) => row.length))
  const titleHeight = title === undefined ? 0 : 9 * 3 + gap
  const top = margin + titleHeight + (columns.length > 0 ? line + gap : 0)
  const tableWidth = left + across * (cellWidth + gap) - gap + margin
  const titleWidth = title === undefined ? 0 : measureText(title, 3).width + 2 * margin
  const whole = blank(
    Math.max(tableWidth, titleWidth),
    top + heights.reduce((sum, height) => sum + height + gap, -gap) + margin,
    paper,
  )
  if (title !== undefined) drawText(whole, title, margin, margin, ink, 3)
  for (const [index, name] of columns.entries())
    drawText(whole, name, left + index * (cellWidth + gap), margin + titleHeight, faint, textSize)
  let y = top
  for (const [index, row] of enlarged.entries()) {
    const height = heights[index] as number
    const label = rows[index]?.label
    if (label !== undefined) drawText(whole, label, margin, y + Math.round((height - 14) / 2), ink, textSize)
    for (const [column, picture] of row.entries()) paste(whole, picture, left + column * (cellWidth + gap), y)
    y += height + gap
  }
  return whole
}
