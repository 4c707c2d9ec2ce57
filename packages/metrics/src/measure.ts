import type { HostTensor, Tensor } from '@ddnet/ops'

/** Whether a value is better when it is higher, or when it is lower. */
export type Direction = 'higher' | 'lower'

/**
 * What was measured of one batch, and how batches are put together: what is read of the device, the state that it is turned
 * into, and what many states say. A state is plain JSON and small: sums, counts, or whatever a score that needs every
 * sample (an average precision, an area under a curve) must keep. So it can be saved, sent, and merged with that of another
 * part of the data, with the result that the whole would have given.
 *
 * A measure belongs to the step that made it. Make one with `sumMeasure`, with `stateMeasure`, or with those of this package.
 */
export interface Measure<Value = number> {
  /** What is read of this batch: as few numbers as will do. */
  readonly tensors: Readonly<Record<string, Tensor>>
  /** Which of two values is better; left out where neither is, as of a matrix. */
  readonly better?: Direction | undefined
  /** The state of this batch. */
  state(values: Readonly<Record<string, HostTensor>>): unknown
  merge(a: unknown, b: unknown): unknown
  compute(state: unknown): Value
  /** A value as people read it: `87.5%`. */
  format?(value: Value): string
}

/** What a step measures, by name. */
export type Measures = Readonly<Record<string, Measure<unknown>>>

/** The value of each measure. */
export type ValuesOf<M> = { readonly [Name in keyof M]: M[Name] extends Measure<infer Value> ? Value : never }

export interface SumMeasureOptions<Name extends string, Value> {
  /** Tensors that are added up over the batches, element by element, in float64. */
  readonly sums: Readonly<Record<Name, Tensor>>
  /** The value of all batches, from the values of each tensor in row-major order. */
  readonly compute: (sums: Readonly<Record<Name, readonly number[]>>) => Value
  readonly better?: Direction
  readonly format?: (value: Value) => string
}

/**
 * A measure whose batches are added up.
 *
 * @example
 * // the share of pixels that are on
 * sumMeasure({ sums: { on: sum(mask), all: scalar(mask.size) }, compute: ({ on: [on = 0], all: [all = 0] }) => on / all })
 */
export function sumMeasure<Name extends string, Value>({
  sums,
  ...options
}: SumMeasureOptions<Name, Value>): Measure<Value> {
  type Sums = Readonly<Record<string, readonly number[]>>
  return stateMeasure<string, Sums, Value>({
    ...options,
    tensors: sums,
    state: (values) =>
      Object.fromEntries(Object.entries(values).map(([name, { data }]) => [name, Array.from(data, Number)])),
    merge: (a, b) =>
      Object.fromEntries(
        Object.entries(a).map(([name, values]) => [name, values.map((value, at) => value + (b[name]?.[at] as number))]),
      ),
  })
}

export interface StateMeasureOptions<Name extends string, State, Value> {
  readonly tensors: Readonly<Record<Name, Tensor>>
  readonly state: (values: Readonly<Record<Name, HostTensor>>) => State
  readonly merge: (a: State, b: State) => State
  readonly compute: (state: State) => Value
  readonly better?: Direction
  readonly format?: (value: Value) => string
}

/**
 * A measure with a state of its own on the host.
 *
 * @example
 * // the largest error of all batches
 * stateMeasure({
 *   tensors: { error: max(abs(sub(prediction, target))) },
 *   state: ({ error }) => Number(error.data[0]),
 *   merge: Math.max,
 *   compute: (largest) => largest,
 *   better: 'lower',
 * })
 */
export const stateMeasure = <Name extends string, State, Value>(
  measure: StateMeasureOptions<Name, State, Value>,
): Measure<Value> => measure
