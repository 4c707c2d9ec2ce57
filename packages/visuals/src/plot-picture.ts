import { blank, type Color, fill, type Picture } from './picture.ts'
import { layoutPlot, type Plot } from './plot.ts'
import { curveColor } from './plot-colors.ts'
import { strokeLine } from './stroke-line.ts'
import { drawText, fitText, measureText } from './text.ts'

export type PlotPictureOptions = { width?: number; height?: number }

const paper: Color = [250, 250, 249]
const ink: Color = [41, 37, 36]
const faint: Color = [120, 113, 108]
const rule: Color = [231, 229, 228]

/**
 * A plot as a picture, for a PNG: title, the curves' names with their last values, axes with round numbers, smooth lines.
 *
 * @example encodePng(plotPicture({ title: 'accuracy', percent: true, curves: [{ name: 'test', points }] }))
 */
export function plotPicture(plot: Plot, { width = 800, height = 440 }: PlotPictureOptions = {}): Picture {
  const picture = blank(width, height, paper)
  const layout = layoutPlot(plot, width, height, { left: 92, top: 84, right: 28, bottom: 64 })
  const { left, top, right, bottom, xTicks, yTicks, lines } = layout
  const write = (text: string, x: number, y: number, color: Color, size = 2) =>
    drawText(picture, text, Math.round(x), Math.round(y), color, size)
  write(fitText(plot.title, width - left, 3), left, 14, ink, 3)
  for (const { at, label } of yTicks) {
    fill(picture, { x: left, y: Math.round(at), width: right - left, height: 1 }, rule)
    write(label, left - 12 - measureText(label, 2).width, at - 6, faint)
  }
  fill(picture, { x: left, y: bottom, width: right - left, height: 2 }, faint)
  for (const { at, label } of xTicks) {
    fill(picture, { x: Math.round(at), y: bottom, width: 2, height: 7 }, faint)
    const half = measureText(label, 2).width / 2
    write(label, Math.min(at - half, width - 4 - 2 * half), bottom + 14, faint)
  }
  const below = plot.xLabel ?? 'step'
  write(below, right - measureText(below, 2).width, height - 22, faint)
  let x = left
  for (const [index, { name, last, pieces }] of lines.entries()) {
    const color = curveColor(index)
    for (const piece of pieces) strokeLine(picture, piece, color, piece.length === 1 ? 8 : 3)
    fill(picture, { x, y: 50, width: 14, height: 14 }, color)
    const label = `${name} ${last}`.trim()
    write(label, x + 22, 50, ink)
    x += 22 + measureText(label, 2).width + 28
  }
  if (lines.every(({ pieces }) => pieces.length === 0)) write('no finite values', left + 16, (top + bottom) / 2, faint)
  return picture
}
