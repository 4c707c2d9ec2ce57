/** A curve: numbers over steps. What is not finite leaves a gap. */
export type Curve = { name: string; points: readonly (readonly [x: number, y: number])[] }

/** Curves over one axis, as data: `plotPicture` and `plotSvg` draw it. */
export type Plot = {
  title: string
  curves: readonly Curve[]
  /** What x counts: 'step' by default. */
  xLabel?: string
  /** y is a share of one and is written in percent. */
  percent?: boolean
  /** The ends of the y axis; by default those of the curves. */
  yRange?: readonly [low: number, high: number]
}

/** Where a value stands on an axis, in pixels, and how it is written. */
type Tick = { readonly at: number; readonly label: string }

/** A plot in pixels. */
export type PlotLayout = {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
  readonly xTicks: readonly Tick[]
  readonly yTicks: readonly Tick[]
  /** Each curve as pieces without gaps. */
  readonly lines: readonly { name: string; last: string; pieces: (readonly [x: number, y: number])[][] }[]
}

/** Room around the axes for what is written there. */
export type Margins = { left: number; top: number; right: number; bottom: number }

/** Places everything that has to be drawn; what draws it only draws. */
export function layoutPlot(plot: Plot, width: number, height: number, margins: Margins): PlotLayout {
  const [left, top] = [margins.left, margins.top]
  const [right, bottom] = [width - margins.right, height - margins.bottom]
  const points = plot.curves.flatMap((curve) => curve.points).filter(isFinitePoint)
  const [xLow, xHigh] = extent(points.map(([x]) => x))
  const [yLow, yHigh] = plot.yRange ?? padded(extent(points.map(([, y]) => y)))
  const whole = points.every(([x]) => Number.isInteger(x)) ? 1 : 0 // between steps there are no ticks
  const toX = (x: number) => left + ((x - xLow) / (xHigh - xLow)) * (right - left)
  const toY = (y: number) => bottom - ((y - yLow) / (yHigh - yLow)) * (bottom - top)
  const write = (value: number, step: number) =>
    plot.percent ? `${number(value * 100, step * 100)}%` : number(value, step)
  const ticks = (low: number, high: number, least: number, place: (value: number) => number, label: typeof number) => {
    const step = niceStep(least)
    const first = Math.ceil(low / step - 1e-9)
    const values = Array.from(
      { length: Math.floor(high / step + 1e-9) - first + 1 },
      (_, index) => (first + index) * step,
    )
    return values.map((value) => ({ at: place(value), label: label(value, step) }))
  }
  return {
    left,
    top,
    right,
    bottom,
    xTicks: ticks(xLow, xHigh, Math.max(whole, ((xHigh - xLow) * 110) / (right - left)), toX, number),
    yTicks: ticks(yLow, yHigh, ((yHigh - yLow) * 50) / (bottom - top), toY, write),
    lines: plot.curves.map(({ name, points }) => {
      const last = points.filter(isFinitePoint).at(-1)
      return {
        name,
        last: last === undefined ? '' : exact(last[1], plot.percent),
        pieces: pieces(points).map((piece) => thin(piece.map(([x, y]) => [toX(x), toY(y)] as const))),
      }
    }),
  }
}

const isFinitePoint = ([x, y]: readonly [number, number]): boolean => Number.isFinite(x) && Number.isFinite(y)

function pieces(points: Curve['points']): (readonly [number, number])[][] {
  const found: (readonly [number, number])[][] = [[]]
  for (const point of points) {
    if (isFinitePoint(point)) found.at(-1)?.push(point)
    else found.push([])
  }
  return found.filter((piece) => piece.length > 0)
}

/** Of the points in one column of pixels the first, the lowest, the highest and the last: a long run draws the same and stays small. */
function thin(points: (readonly [number, number])[]): (readonly [number, number])[] {
  const columns: (readonly [number, number])[][] = []
  for (const point of points) {
    const column = columns.at(-1)
    if (column !== undefined && Math.floor(column[0]?.[0] as number) === Math.floor(point[0])) column.push(point)
    else columns.push([point])
  }
  return columns.flatMap((column) => {
    if (column.length <= 4) return column
    const by = [...column].sort((a, b) => a[1] - b[1])
    const wanted = new Set([column[0], by[0], by.at(-1), column.at(-1)])
    return column.filter((point) => wanted.has(point))
  })
}

/** The smallest and the largest; around a single value, or without any, one to each side or up. */
function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (low > high) return [0, 1]
  return low < high ? [low, high] : [low - 0.5, high + 0.5]
}

const padded = ([low, high]: [number, number]): [number, number] => {
  const room = (high - low) * 0.06
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room]
}

const exact = (value: number, percent = false): string => {
  if (percent) return `${number(value * 100, 0.1)}%`
  return value !== 0 && Math.abs(value) < 0.01 ? value.toExponential(1) : number(value, 0.001)
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) as number) * power
}

/** With as many digits as tell `step` apart: 1,500; 0.25; 2e-5. */
function number(value: number, step: number): string {
  if (value === 0) return '0'
  if (step < 1e-4 || Math.abs(value) >= 1e9) return value.toExponential(Math.abs(value) >= 1e9 ? 1 : 0)
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
