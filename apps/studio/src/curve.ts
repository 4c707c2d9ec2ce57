import { itemAt, lastItem } from '@ddnet/ops/checks'

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
  /** What the axis has at least: 0 and 1 of a share. Without it, it has the values alone. */
  readonly range?: readonly [number, number]
  /** What a tick says, so that two of them, `gap` apart, say different things. */
  readonly format?: (value: number, gap: number) => string
}

const [width, height] = [480, 270]
const margin = { top: 8, right: 10, bottom: 22, left: 52 }

/** Draws series over steps into an SVG element. What is no finite number has no place on an axis, and is left out. */
export function drawCurve(
  svg: SVGSVGElement,
  series: readonly Series[],
  { steps, range, format = formatTick }: CurveOptions,
): void {
  const finite = series.map(({ points, ...look }) => ({
    ...look,
    points: points.filter(({ value }) => Number.isFinite(value)),
  }))
  const [low, high] = extremesOf(finite.flatMap(({ points }) => points.map(({ value }) => value)).concat(range ?? []))
  const ticks = ticksOver(low, high)
  const [least, most] = [itemAt(ticks, 0), lastItem(ticks)]
  const gap = itemAt(ticks, 1) - least
  const x = (step: number): number => margin.left + (step / steps) * (width - margin.left - margin.right)
  const y = (value: number): number =>
    height - margin.bottom - ((value - least) / (most - least)) * (height - margin.top - margin.bottom)
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
  svg.innerHTML = [
    ...ticks.map(
      (tick) => `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y(tick)}" y2="${y(tick)}" />
        <text x="${margin.left - 6}" y="${y(tick) + 4}" text-anchor="end">${format(tick, gap)}</text>`,
    ),
    ...[0, 0.5, 1].map((share) => {
      const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle'
      return `<text x="${x(share * steps)}" y="${height - 4}" text-anchor="${anchor}">${Math.round(share * steps)}</text>`
    }),
    ...finite.map(({ points, look, dots = false }) => {
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

/** The least and the greatest value, with some room between them where they are the same; 0 and 1 where there are none. */
function extremesOf(values: readonly number[]): readonly [number, number] {
  if (values.length === 0) return [0, 1]
  // Not spread into Math.min: a long run has more steps than a call may have arguments.
  const [low, high] = values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)] as const, [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as const)
  return low < high ? [low, high] : [low, low + (Math.abs(low) || 1)]
}

/** Ticks from at most `low` to at least `high`, at most seven of them, at multiples of a round number. */
export function ticksOver(low: number, high: number): number[] {
  const rough = (high - low) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const gap = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough * (1 - 1e-9)) as number
  const [first, last] = [Math.floor(low / gap + 1e-9), Math.ceil(high / gap - 1e-9)]
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * gap)
}

/** `0.25` with as many digits as tell it from a neighbour `gap` apart. */
export function formatTick(value: number, gap: number): string {
  const digits = [...Array(12).keys()].find(
    (count) => Math.abs(gap * 10 ** count - Math.round(gap * 10 ** count)) < 1e-6,
  )
  return value.toFixed(digits ?? 12)
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
