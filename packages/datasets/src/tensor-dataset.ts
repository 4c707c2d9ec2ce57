import { itemAt } from '@ddnet/ops/checks'
import type { Dataset } from './dataset.ts'
import { DatasetError } from './dataset-error.ts'
import { type ArrayField, float, isArray } from './fields.ts'
import { checkIndex } from './image-dataset.ts'

/** One value a sample: classes (whole numbers, also of a plain list) or, in a Float32Array, numbers that are measured. */
type Column = Float32Array | Int32Array | Uint8Array | readonly number[]

/** One array a sample: `data` of shape `[count, ...]`, as `openNpy` and `toHost` give it. */
interface Rows<Shape extends readonly number[] = readonly number[]> {
  readonly data: ArrayField['data']
  readonly shape: Shape
}

type Columns = Readonly<Record<string, Column | Rows>>

type RowOf<C> = C extends Float32Array
  ? ArrayField<readonly []>
  : C extends { readonly shape: infer Shape }
    ? ArrayField<Shape extends readonly [number, ...infer Rest extends readonly number[]] ? Rest : readonly number[]>
    : number

/**
 * A dataset of arrays: sample `i` is row `i` of each, under its name. Its samples are copies.
 *
 * @throws DatasetError if the arrays are not of one length, or have values that do not fill their shape
 * @see torch.utils.data.TensorDataset
 * @example
 * const points = tensorDataset({ x: { data: new Float32Array(2 * 100), shape: [100, 2] }, y: new Int32Array(100) })
 * loader(points, { batchSize: 10 }) // x: [10, 2], float32; y: [10], int32
 */
export function tensorDataset<const C extends Columns>(
  columns: C,
): Dataset<{ readonly [Name in keyof C]: RowOf<C[Name]> }> {
  const entries = Object.entries(columns).map(([name, column]) => [name, rowsOf(name, column)] as const)
  const [first] = entries
  if (first === undefined) throw new DatasetError('tensorDataset: expected arrays, as in { x, y }, got none')
  const length = first[1].length
  for (const [name, rows] of entries) {
    if (rows.length === length) continue
    throw new DatasetError(
      `tensorDataset: expected arrays of one length, got ${first[0]} of ${length} and ${name} of ${rows.length}`,
    )
  }
  const getSync = (index: number) => {
    checkIndex(index, length)
    const sample = Object.fromEntries(entries.map(([name, rows]) => [name, rows.at(index)]))
    return sample as { readonly [Name in keyof C]: RowOf<C[Name]> } // rowsOf makes what the type says
  }
  return { length, getSync, get: async (index) => getSync(index) }
}

function rowsOf(name: string, column: Column | Rows): { length: number; at(index: number): number | ArrayField } {
  if (column instanceof Float32Array) return { length: column.length, at: (index) => float(itemAt(column, index)) }
  if (isArray(column) || Array.isArray(column)) {
    return { length: column.length, at: (index) => column[index] as number }
  }
  const { data, shape } = column as Rows // what else a column may be
  const [length, ...rest] = shape ?? []
  const size = rest.reduce((product, side) => product * side, 1)
  if (!isArray(data) || length === undefined || data.length !== length * size) {
    throw new DatasetError(
      `tensorDataset: expected ${name} as a Float32Array, an Int32Array, a Uint8Array, or { data, shape: [count, …] } of one that fills its shape, ` +
        `got ${data?.constructor?.name ?? 'no data'} of ${data?.length ?? 0} values with shape [${shape}]`,
    )
  }
  const own = Object.freeze(rest)
  return {
    length,
    // Not slice: a Buffer's shares its memory.
    at: (index) => ({ data: copyOf(data.subarray(index * size, (index + 1) * size)), shape: own }),
  }
}

const copyOf = (values: ArrayField['data']): ArrayField['data'] =>
  values instanceof Float32Array
    ? new Float32Array(values)
    : values instanceof Int32Array
      ? new Int32Array(values)
      : new Uint8Array(values)
