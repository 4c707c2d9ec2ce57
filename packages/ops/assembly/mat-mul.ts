import { Bytes } from './kinds'
import { multiplyAdd } from './multiply-add'
import { shareStart } from './share'

/**
 * Products of matrices, `c[row, column] = Σ a[row, k] · b[k, column]`, one after another. Eight rows of `a` are a block: as they lie, or
 * packed where they are columns.
 */
@unmanaged
class MatMul {
  a: usize
  aMatrix: Bytes // from matrix to matrix, 0 where all have the same
  aBlock: Bytes // from eight rows to the next
  aRow: Bytes // from row to row of eight
  aInner: Bytes // from k to k
  b: usize // [columns / 8][matrix][inner][8]
  bMatrix: Bytes // from matrix to matrix, 0 where all have the same
  bBlock: Bytes // from eight columns to the next
  c: usize
  matrices: i32
  rows: i32
  columns: i32
  inner: i32
  panel: i32 // how much of the inner axis stays in the first-level cache
  tail: usize // scratch of each part for the columns beyond the last multiple of 8, [rows][8]
  tailStep: Bytes // from part to part
}

/** Computes share `part` of all eight columns of all matrices, or of the rows where there are fewer of those than parts. */
export function matMul(all: MatMul, part: i32, parts: i32): void {
  const blocks = (all.columns + 7) >> 3
  const units = all.matrices * blocks
  const byUnit = units >= parts
  const quads = (all.rows + 3) >> 2
  const firstUnit = byUnit ? shareStart(units, part, parts) : 0
  const lastUnit = byUnit ? shareStart(units, part + 1, parts) : units
  const firstRow = byUnit ? 0 : shareStart(quads, part, parts) << 2
  const lastRow = byUnit ? all.rows : min(all.rows, shareStart(quads, part + 1, parts) << 2)
  if (firstRow >= lastRow) return
  const rowBytes = (<usize>all.columns) << 2
  const tail = all.tail + <usize>part * all.tailStep
  for (let unit = firstUnit; unit < lastUnit; unit++) {
    const matrix = unit / blocks
    const block = unit - matrix * blocks
    const a = all.a + <usize>matrix * all.aMatrix
    const b = all.b + <usize>matrix * all.bMatrix + <usize>block * all.bBlock
    const to = all.c + <usize>matrix * <usize>all.rows * rowBytes + ((<usize>block) << 5)
    const width = all.columns - (block << 3)
    if (width >= 8) multiplyBlock(all, a, b, to, rowBytes, firstRow, lastRow)
    else {
      multiplyBlock(all, a, b, tail, 32, firstRow, lastRow)
      for (let row = firstRow; row < lastRow; row++) {
        const from = tail + ((<usize>row) << 5)
        const at = to + <usize>row * rowBytes
        for (let c: usize = 0; c < <usize>width; c++) store<f32>(at + (c << 2), load<f32>(from + (c << 2)))
      }
    }
  }
}

/** Eight columns of one product: panels of the inner axis outside, tiles of four rows inside, the last one repeating its last row. */
function multiplyBlock(all: MatMul, a: usize, b: usize, to: usize, toRow: usize, firstRow: i32, lastRow: i32): void {
  for (let first = 0; first < all.inner; first += all.panel) {
    const count = min(all.panel, all.inner - first)
    const from = a + <usize>first * all.aInner
    const weights = b + ((<usize>first) << 5)
    for (let row = firstRow; row < lastRow; row += 4) {
      const row1 = min(row + 1, lastRow - 1)
      const row2 = min(row + 2, lastRow - 1)
      const row3 = min(row + 3, lastRow - 1)
      tile(
        from + rowAt(all, row),
        from + rowAt(all, row1),
        from + rowAt(all, row2),
        from + rowAt(all, row3),
        all.aInner,
        weights,
        count,
        to + <usize>row * toRow,
        to + <usize>row1 * toRow,
        to + <usize>row2 * toRow,
        to + <usize>row3 * toRow,
        first > 0,
      )
    }
  }
}

function rowAt(all: MatMul, row: i32): usize {
  return <usize>(row >> 3) * all.aBlock + <usize>(row & 7) * all.aRow
}

/** Four rows × eight columns, in as many registers as there are: see the tile of convolutions. */
function tile(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  step: usize,
  weights: usize,
  count: i32,
  to0: usize,
  to1: usize,
  to2: usize,
  to3: usize,
  onTop: bool,
): void {
  let y00 = f32x4.splat(0)
  let y01 = f32x4.splat(0)
  let y10 = f32x4.splat(0)
  let y11 = f32x4.splat(0)
  let y20 = f32x4.splat(0)
  let y21 = f32x4.splat(0)
  let y30 = f32x4.splat(0)
  let y31 = f32x4.splat(0)
  const end = weights + ((<usize>count) << 5)
  for (let i: usize = 0; weights < end; i += step) {
    const w0 = v128.load(weights)
    const w1 = v128.load(weights, 16)
    const x0 = v128.load_splat<f32>(a0 + i)
    y00 = multiplyAdd(x0, w0, y00)
    y01 = multiplyAdd(x0, w1, y01)
    const x1 = v128.load_splat<f32>(a1 + i)
    y10 = multiplyAdd(x1, w0, y10)
    y11 = multiplyAdd(x1, w1, y11)
    const x2 = v128.load_splat<f32>(a2 + i)
    y20 = multiplyAdd(x2, w0, y20)
    y21 = multiplyAdd(x2, w1, y21)
    const x3 = v128.load_splat<f32>(a3 + i)
    y30 = multiplyAdd(x3, w0, y30)
    y31 = multiplyAdd(x3, w1, y31)
    weights += 32
  }
  // What a panel adds up begins at 0: long sums lose less.
  if (onTop) {
    y00 = f32x4.add(v128.load(to0), y00)
    y01 = f32x4.add(v128.load(to0, 16), y01)
    y10 = f32x4.add(v128.load(to1), y10)
    y11 = f32x4.add(v128.load(to1, 16), y11)
    y20 = f32x4.add(v128.load(to2), y20)
    y21 = f32x4.add(v128.load(to2, 16), y21)
    y30 = f32x4.add(v128.load(to3), y30)
    y31 = f32x4.add(v128.load(to3, 16), y31)
  }
  v128.store(to0, y00)
  v128.store(to0, y01, 16)
  v128.store(to1, y10)
  v128.store(to1, y11, 16)
  v128.store(to2, y20)
  v128.store(to2, y21, 16)
  v128.store(to3, y30)
  v128.store(to3, y31, 16)
}
