import { itemAt } from '../checks/item.ts'

/**
 * A sparse matrix `[outputSize, inputSize]` by rows, which resamples one axis: `y[i] = Σ weights[t] · x[sources[t]]` over
 * `starts[i] ≤ t < starts[i + 1]`. A tap of weight 0 stays a tap: 0 · NaN is NaN, in PyTorch too.
 */
export interface AxisTable {
  readonly inputSize: number
  readonly outputSize: number
  readonly starts: Int32Array
  readonly sources: Int32Array
  readonly weights: Float32Array
}

/** One term of an output value: where it comes from, and its weight. */
export type Tap = readonly [source: number, weight: number]

/** A table from the taps of each output position; taps of one source are added up, in float64. */
export function axisTable(inputSize: number, rows: readonly (readonly Tap[])[]): AxisTable {
  const merged = rows.map((row) => {
    const taps = new Map<number, number>()
    for (const [source, weight] of row) taps.set(source, (taps.get(source) ?? 0) + weight)
    return [...taps]
  })
  const taps = merged.flat()
  const starts = new Int32Array(rows.length + 1)
  for (const [index, row] of merged.entries()) starts[index + 1] = itemAt(starts, index) + row.length
  return {
    inputSize,
    outputSize: rows.length,
    starts,
    sources: Int32Array.from(taps, ([source]) => source),
    weights: Float32Array.from(taps, ([, weight]) => weight),
  }
}

/** A table that takes each output from one place: `y[i] = x[sources[i]]`. */
export const selection = (inputSize: number, sources: readonly number[]): AxisTable =>
  axisTable(
    inputSize,
    sources.map((source) => [[source, 1]]),
  )

/** The transposed matrix: what the gradient resamples with. */
export function transposed(table: AxisTable): AxisTable {
  const { inputSize, outputSize, starts, sources, weights } = table
  const rows: Tap[][] = Array.from({ length: inputSize }, () => [])
  for (let output = 0; output < outputSize; output++) {
    for (let tap = itemAt(starts, output); tap < itemAt(starts, output + 1); tap++) {
      rows[itemAt(sources, tap)]?.push([output, itemAt(weights, tap)])
    }
  }
  return axisTable(outputSize, rows)
}

/** Whether `y` is `x`. */
export const isIdentity = ({ inputSize, outputSize, starts, sources, weights }: AxisTable): boolean =>
  inputSize === outputSize &&
  starts.every((start, index) => start === index) &&
  sources.every((source, index) => source === index) &&
  weights.every((weight) => weight === 1)
