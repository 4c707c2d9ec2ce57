import { shareStart } from './share'

/**
 * Sums over windows of `x`, `[batch, height, width, channels]`, into `y`, `[batch, rows, columns, channels]`. Tables hold
 * each window's first element and the one after its last, and the factors of the divisors, which belong to the elements
 * of `y`, or to those of `x` in the gradient.
 */
@unmanaged
class WindowAverage {
  x: usize
  y: usize
  batch: i32
  height: i32
  width: i32
  channels: i32
  rows: i32
  columns: i32
  rowRanges: usize // pairs of int32
  columnRanges: usize
  rowDivisors: usize // float32
  columnDivisors: usize
  dividesInputs: bool
}

export function windowAverage(all: WindowAverage, part: i32, parts: i32): void {
  const pixel = (<usize>all.channels) << 2
  const vectors = pixel & ~15
  const divides = all.dividesInputs
  const line = <usize>all.width * pixel
  const last = shareStart(all.batch * all.rows, part + 1, parts)
  for (let index = shareStart(all.batch * all.rows, part, parts); index < last; index++) {
    const row = index % all.rows
    const x = all.x + <usize>(index / all.rows) * <usize>all.height * line
    let y = all.y + <usize>(index * all.columns) * pixel
    const firstRow = load<i32>(all.rowRanges + ((<usize>row) << 3))
    const endRow = load<i32>(all.rowRanges + ((<usize>row) << 3), 4)
    for (let column = 0; column < all.columns; column++) {
      const first = load<i32>(all.columnRanges + ((<usize>column) << 3))
      const end = load<i32>(all.columnRanges + ((<usize>column) << 3), 4)
      const divisor: f32 = divides ? 1 : divisorAt(all, row, column)
      for (let c: usize = 0; c < vectors; c += 16) {
        let sum = f32x4.splat(0)
        for (let u = firstRow; u < endRow; u++) {
          // Row by row: the rounding of large windows grows with their sides and not with their area.
          let rowSum = f32x4.splat(0)
          let at = x + <usize>u * line + <usize>first * pixel + c
          for (let v = first; v < end; v++) {
            let value = v128.load(at)
            if (divides) value = f32x4.div(value, f32x4.splat(divisorAt(all, u, v)))
            rowSum = f32x4.add(rowSum, value)
            at += pixel
          }
          sum = f32x4.add(sum, rowSum)
        }
        v128.store(y + c, f32x4.div(sum, f32x4.splat(divisor)))
      }
      for (let c = vectors; c < pixel; c += 4) {
        let sum: f32 = 0
        for (let u = firstRow; u < endRow; u++) {
          let rowSum: f32 = 0
          let at = x + <usize>u * line + <usize>first * pixel + c
          for (let v = first; v < end; v++) {
            let value = load<f32>(at)
            if (divides) value /= divisorAt(all, u, v)
            rowSum += value
            at += pixel
          }
          sum += rowSum
        }
        store<f32>(y + c, sum / divisor)
      }
      y += pixel
    }
  }
}

function divisorAt(all: WindowAverage, row: i32, column: i32): f32 {
  return load<f32>(all.rowDivisors + ((<usize>row) << 2)) * load<f32>(all.columnDivisors + ((<usize>column) << 2))
}
