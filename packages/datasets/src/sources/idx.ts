import { itemAt } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import type { Files } from '../files/files.ts'
import { gunzip, isGzip } from '../files/gunzip.ts'

export interface IdxArray {
  readonly shape: readonly number[]
  /** Row by row, the first axis outermost. */
  readonly data: Uint8Array
}

/** What a gzipped file may always hold; EMNIST, the largest of its kind, has 548 MB in 100. */
const ALWAYS_ALLOWED = 64 * 2 ** 20
/** How many times its size a gzipped file may hold above that: images pack into a tenth, zeros into a thousandth. */
const MAX_TIMES = 100

/**
 * An IDX file of unsigned bytes, gzipped or not, as MNIST's: two zeros, the type 8, the number of axes, each axis as 32
 * bits, and the values.
 *
 * @throws DatasetError naming the file, if it is another type, longer or shorter than its header says, or gzipped to less
 * than a hundredth of more than 64 MiB
 */
export async function readIdx(files: Files, name: string): Promise<IdxArray> {
  const path = files.path(name)
  let bytes = await files.read(name)
  if (isGzip(bytes)) {
    const packed = bytes.length
    bytes = await gunzip(bytes, path, (beginning) => {
      if (beginning.length < 4 || beginning.length < 4 + 4 * itemAt(beginning, 3)) return 4 + 4 * 255
      const { total } = sizeOf(beginning, path)
      if (total <= Math.max(ALWAYS_ALLOWED, MAX_TIMES * packed)) return total
      throw new DatasetError(
        `${path} says that its ${packed} bytes unzip to ${total}: expected at most ${MAX_TIMES} times as many. Download it again, or unzip it yourself if you know that it is right.`,
        { path },
      )
    })
  }
  const { shape, offset, total } = sizeOf(bytes, path)
  if (bytes.length !== total) {
    throw new DatasetError(
      `${path} is damaged: expected ${total} bytes for [${shape}], got ${bytes.length > total ? 'more' : bytes.length}. Download it again.`,
      { path },
    )
  }
  return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + offset, bytes.length - offset) }
}

function sizeOf(bytes: Uint8Array, path: string): { shape: number[]; offset: number; total: number } {
  const [first, second, type, axes] = bytes
  if (first !== 0 || second !== 0 || type !== 8 || axes === undefined || axes < 1 || bytes.length < 4 + 4 * axes) {
    throw new DatasetError(
      `${path} is not an IDX file of bytes: expected it to begin with 0, 0, 8 and its number of axes, got [${[...bytes.subarray(0, 4)]}]. Download it again.`,
      { path },
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis))
  const offset = 4 + 4 * axes
  return { shape, offset, total: offset + shape.reduce((product, size) => product * size, 1) }
}
