import { type Tensor, tidy } from '@tensorflow/tfjs-core'
import { equal } from '../array/compare.ts'
import { detach } from '../array/detach.ts'
import { expectRange } from '../array/index-range.ts'
import { gather } from '../array/select.ts'
import { reshape } from '../array/shape.ts'
import { where } from '../array/where.ts'
import { isRecording } from '../autodiff/gradient.ts'
import { expectOperand, expectOptions } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'

export interface EmbeddingOptions {
  /** The row that gets no gradient, such as that of padding; a negative one counts from the end. */
  paddingIndex?: number
}

/**
 * Rows of `table`, chosen by `ids`: `y[…] = table[ids[…]]`. Its gradient adds up the rows that were chosen several
 * times; the table's gradient is dense.
 *
 * @param ids int32, any shape
 * @param table `[count, features]`, float32
 * @returns `[…ids.shape, features]`
 * @throws ShapeError if a rank, a dtype or `paddingIndex` does not fit
 * @throws RangeError if an id is outside 0 … count − 1, on cpu and wasm. On tensorflow that throws TensorFlow's own error
 * (on CUDA it gives 0); on webgpu it gives 0, and its gradient is undefined
 * @see torch.nn.functional.embedding
 * @example embedding(tensor([[0, 2]], [1, 2], 'int32'), table) // [1, 2, features]
 */
export function embedding(ids: Tensor, table: Tensor, options: EmbeddingOptions = {}): Tensor {
  expectOptions('embedding', options, { paddingIndex: true })
  const { paddingIndex } = options
  expectOperand('embedding', 'ids', ids)
  expectOperand('embedding', 'table', table)
  if (table.rank !== 2 || table.dtype !== 'float32') {
    throw new ShapeError(`embedding: expected a float32 table [count, features], got ${table.dtype} [${table.shape}].`)
  }
  if (ids.dtype !== 'int32') {
    throw new ShapeError(`embedding: expected int32 ids, got ${ids.dtype}. Cast them: cast(ids, 'int32').`)
  }
  const [count] = table.shape
  if (
    paddingIndex !== undefined &&
    !(Number.isInteger(paddingIndex) && paddingIndex >= -count && paddingIndex < count)
  ) {
    throw new ShapeError(
      `embedding: expected paddingIndex in ${-count} … ${count - 1} for a table [${table.shape}], got ${paddingIndex}.`,
    )
  }
  expectRange('embedding', 'ids', ids, count)
  return tidy(() => {
    const rows = gather(table, ids) // […, features]
    // What padding changes is the gradient.
    if (paddingIndex === undefined || rows.size === 0 || !isRecording()) return rows
    const padding = equal(ids, paddingIndex < 0 ? paddingIndex + count : paddingIndex)
    return where(reshape(padding, [...ids.shape, 1]), detach(rows), rows)
  })
}
