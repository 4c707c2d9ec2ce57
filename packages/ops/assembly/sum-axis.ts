import { shareStart } from './share'

/** `y[o, i] = Σ x[o, k, i] / divisor` over `[outer, count, inner]`, summed in float64. */
@unmanaged
class SumAxis {
  x: usize
  y: usize
  outer: i32
  count: i32
  inner: i32
  divisor: f32
}

export function sumAxis(all: SumAxis, part: i32, parts: i32): void {
  const row = (<usize>all.inner) << 2
  const divisor = <f64>all.divisor
  // Four neighbours of the inner axis at a time; the last ones of a row, one at a time, in the same item.
  const quads = (all.inner + 3) >> 2
  const last = shareStart(all.outer * quads, part + 1, parts)
  for (let index = shareStart(all.outer * quads, part, parts); index < last; index++) {
    const outer = index / quads
    const quad = (<usize>(index % quads)) << 4
    const from = all.x + <usize>(outer * all.count) * row + quad
    const end = from + <usize>all.count * row
    const to = all.y + <usize>outer * row + quad
    if (quad + 16 <= row) {
      let low = f64x2.splat(0)
      let high = f64x2.splat(0)
      for (let at = from; at < end; at += row) {
        low = f64x2.add(low, f64x2.promote_low_f32x4(v128.load64_zero(at)))
        high = f64x2.add(high, f64x2.promote_low_f32x4(v128.load64_zero(at, 8)))
      }
      store<f32>(to, <f32>(f64x2.extract_lane(low, 0) / divisor))
      store<f32>(to, <f32>(f64x2.extract_lane(low, 1) / divisor), 4)
      store<f32>(to, <f32>(f64x2.extract_lane(high, 0) / divisor), 8)
      store<f32>(to, <f32>(f64x2.extract_lane(high, 1) / divisor), 12)
    } else if (row == 4) {
      store<f32>(to, <f32>(sumRun(from, end) / divisor))
    } else {
      for (let c: usize = 0; quad + c < row; c += 4) {
        let sum: f64 = 0
        for (let at = from + c; at < end; at += row) sum += <f64>load<f32>(at)
        store<f32>(to + c, <f32>(sum / divisor))
      }
    }
  }
}

/** The sum of neighbours. */
function sumRun(from: usize, end: usize): f64 {
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  for (; from + 16 <= end; from += 16) {
    low = f64x2.add(low, f64x2.promote_low_f32x4(v128.load64_zero(from)))
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.load64_zero(from, 8)))
  }
  let sum =
    f64x2.extract_lane(low, 0) +
    f64x2.extract_lane(low, 1) +
    (f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1))
  for (; from < end; from += 4) sum += <f64>load<f32>(from)
  return sum
}
