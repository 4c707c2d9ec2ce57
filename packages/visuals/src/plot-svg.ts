import { escapeMarkup } from './escape-markup.ts'
import { layoutPlot, type Plot } from './plot.ts'
import { curveColor, curveColors } from './plot-colors.ts'

export type PlotSvgOptions = { width?: number; height?: number }

/**
 * A plot as SVG, to stand alone or inside HTML. It scales with its element. Colors are attributes on classes (`curve-0` …,
 * `axis`, `grid`, `ink`), so that a page's style may replace them, as `htmlReport` does in the dark.
 *
 * @returns `<svg …>…</svg>`; names and titles are escaped
 * @example plotSvg({ title: 'loss', curves: [{ name: 'train', points: [[1, 2.3], [2, 1.9]] }] })
 */
export function plotSvg(plot: Plot, { width = 640, height = 320 }: PlotSvgOptions = {}): string {
  const layout = layoutPlot(plot, width, height, { left: 58, top: 46, right: 18, bottom: 42 })
  const { left, right, bottom, xTicks, yTicks, lines } = layout
  const text = (x: number, y: number, content: string, extra = '') =>
    `<text class="ink" x="${round(x)}" y="${round(y)}" fill="#292524" ${extra}>${escapeMarkup(content)}</text>`
  const rule = (name: string, x1: number, y1: number, x2: number, y2: number, color: string) =>
    `<path class="${name}" d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}" stroke="${color}" fill="none"/>`
  const parts = [
    text(left, 20, plot.title, 'font-size="15" font-weight="600"'),
    ...yTicks.flatMap(({ at, label }) => [
      rule('grid', left, at, right, at, '#e7e5e4'),
      text(left - 8, at + 4, label, 'text-anchor="end"'),
    ]),
    rule('axis', left, bottom, right, bottom, '#a8a29e'),
    ...xTicks.flatMap(({ at, label }) => [
      rule('axis', at, bottom, at, bottom + 5, '#a8a29e'),
      text(at, bottom + 19, label, 'text-anchor="middle"'),
    ]),
    text(right, height - 6, plot.xLabel ?? 'step', 'text-anchor="end"'),
    ...lines.flatMap(({ pieces }, index) => pieces.map((piece) => stroke(piece, index))),
    legend(lines, left, 38),
  ]
  const names = plot.curves.map(({ name }) => name).join(', ')
  return `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(
    `${plot.title}: ${names}`,
  )}" font-family="system-ui, sans-serif" font-size="12">${parts.join('')}</svg>`
}

const hex = (index: number): string =>
  `#${curveColor(index)
    .map((part) => part.toString(16).padStart(2, '0'))
    .join('')}`
const curveClass = (index: number): string => `curve-${index % curveColors.length}`
const round = (value: number): string => String(Math.round(value * 10) / 10)

function stroke(piece: readonly (readonly [number, number])[], index: number): string {
  const [first] = piece
  if (piece.length === 1 && first !== undefined)
    return `<circle class="${curveClass(index)} dot" cx="${round(first[0])}" cy="${round(first[1])}" r="3" fill="${hex(index)}"/>`
  const path = piece.map(([x, y]) => `${round(x)} ${round(y)}`).join('L')
  return `<path class="${curveClass(index)}" d="M${path}" stroke="${hex(index)}" stroke-width="2" stroke-linejoin="round" fill="none"/>`
}

/** The curves' names and last values beside a stroke of their color. */
function legend(lines: readonly { name: string; last: string }[], left: number, y: number): string {
  const items = lines.map(
    ({ name, last }, index) =>
      `<tspan class="${curveClass(index)} dot" fill="${hex(index)}"${index > 0 ? ' dx="16"' : ''}>■</tspan> ${escapeMarkup(name)} ${last}`,
  )
  return `<text class="ink" x="${left}" y="${y}" fill="#292524">${items.join('')}</text>`
}
