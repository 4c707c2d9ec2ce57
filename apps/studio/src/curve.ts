import { lastItem } from '@ddnet/ops/checks'
export interface Point {
  readonly step: number
  readonly value: number
}

export interface Series {
  readonly points: readonly Point[]
  /** Its look: `train`, `validation` or `faint`. */
  readonly look: 'train' | 'validation' | 'faint'
  /** Mark each point. */
  readonly dots?: boolean
}

export interface CurveOptions {
  /** The last step of the axis. */
  readonly steps: number
  /** The top of the axis; by default whatever the values need. */
  readonly top?: number
  readonly format: (value: number) => string
}

const [width, height] = [480, 270]
const margin = { top: 8, right: 10, bottom: 22, left: 40 }

/** Draws series over steps into an SVG element, from zero up. */
export function drawCurve(svg: SVGSVGElement, series: readonly Series[], { steps, top, format }: CurveOptions): void {
  const values = series.flatMap(({ points }) => points.map(({ value }) => value))
  const ticks = ticksUpTo(top ?? Math.max(1, ...values))
  const most = lastItem(ticks)
  const x = (step: number): number => margin.left + (step / steps) * (width - margin.left - margin.right)
  const y = (value: number): number => height - margin.bottom - (value / most) * (height - margin.top - margin.bottom)
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
  svg.innerHTML = [
    ...ticks.map(
      (tick) => `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y(tick)}" y2="${y(tick)}" />
        <text x="${margin.left - 6}" y="${y(tick) + 4}" text-anchor="end">${format(tick)}</text>`,
    ),
    ...[0, 0.5, 1].map((share) => {
      const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle'
      return `<text x="${x(share * steps)}" y="${height - 4}" text-anchor="${anchor}">${Math.round(share * steps)}</text>`
    }),
    ...series.map(({ points, look, dots = false }) => {
      const shown = thinned(points).map(({ step, value }) => [x(step).toFixed(1), y(value).toFixed(1)] as const)
      const path = shown.map(([left, up], index) => `${index === 0 ? 'M' : 'L'}${left} ${up}`).join('')
      const marks = dots ? shown.map(([left, up]) => `<circle class="${look}" cx="${left}" cy="${up}" r="3" />`) : []
      return `<path class="${look}" d="${path}" />${marks.join('')}`
    }),
  ].join('')
}

/** Each value averaged with those before it, the weight of older ones falling by `decay` a step. */
export function smoothed(points: readonly Point[], decay = 0.9): Point[] {
  let sum = 0
  let weight = 0
  return points.map(({ step, value }) => {
    sum = decay * sum + value
    weight = decay * weight + 1
    return { step, value: sum / weight }
  })
}

/** Ticks 0 … at least `top`, at most six of them, a round number apart. */
export function ticksUpTo(top: number): number[] {
  const rough = top / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const gap = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough * (1 - 1e-9)) as number
  return Array.from({ length: Math.ceil(top / gap - 1e-9) + 1 }, (_, index) => index * gap)
}

/** At most some 400 points, each the mean of neighbours. */
function thinned(points: readonly Point[]): readonly Point[] {
  const size = Math.ceil(points.length / 400)
  if (size <= 1) return points
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const group = points.slice(index * size, (index + 1) * size)
    const mean = (of: (point: Point) => number): number => group.reduce((sum, each) => sum + of(each), 0) / group.length
    return { step: mean(({ step }) => step), value: mean(({ value }) => value) }
  })
}
