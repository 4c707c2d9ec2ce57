import { TensorBoardError } from './tensorboard-error.ts'

/** How values are distributed: TensorFlow's HistogramProto. */
export interface Histogram {
  readonly min: number
  readonly max: number
  readonly count: number
  readonly sum: number
  readonly sumOfSquares: number
  /** The upper ends of the buckets, increasing. The lower end of the first one is not told: that bucket is empty. */
  readonly limits: readonly number[]
  /** How many values each bucket has. */
  readonly counts: readonly number[]
}

/**
 * The histogram that PyTorch's `SummaryWriter.add_histogram` writes: buckets grow by a tenth from ±10⁻¹² to ±10²⁰, and
 * those without values at both ends are left out.
 *
 * @param name what an error calls the values
 * @throws TensorBoardError if there are no values, or one is not finite
 */
export function histogramOf(values: ArrayLike<number>, name: string): Histogram {
  if (values.length === 0) throw new TensorBoardError(`'${name}': a histogram needs values, got none.`)
  const edges = bucketEdges()
  const all = new Array<number>(edges.length - 1).fill(0)
  let [min, max, sum, sumOfSquares] = [Infinity, -Infinity, 0, 0]
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number
    if (!Number.isFinite(value)) throw new TensorBoardError(`'${name}': a histogram needs numbers, got ${value}.`)
    min = Math.min(min, value)
    max = Math.max(max, value)
    sum += value
    sumOfSquares += value * value
    const bucket = bucketOf(value, edges)
    all[bucket] = (all[bucket] as number) + 1
  }
  const first = all.findIndex((count) => count > 0)
  const last = all.findLastIndex((count) => count > 0)
  return {
    min,
    max,
    count: values.length,
    sum,
    sumOfSquares,
    limits: edges.slice(first, last + 2),
    counts: [0, ...all.slice(first, last + 1)],
  }
}

function bucketEdges(): number[] {
  const positive: number[] = []
  for (let edge = 1e-12; edge < 1e20; edge *= 1.1) positive.push(edge)
  return [...positive.map((edge) => -edge).reverse(), 0, ...positive]
}

/** The bucket whose lower end is the last edge that is not above `value`; what is beyond the ends counts with them. */
function bucketOf(value: number, edges: readonly number[]): number {
  let [low, high] = [0, edges.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((edges[middle] as number) <= value) low = middle
    else high = middle
  }
  return low
}
