import { Optional } from './kinds'
/** What the kernels of group norm and layer norm do: normalise `[outer, count, channels]` over `count` and groups of channels. */
@unmanaged
export class GroupNorm {
  x: usize
  y: usize // the gradient's job: dx
  dy: Optional // 0 in the forward pass
  mean: usize
  variance: usize
  weight: usize
  bias: usize
  gradientOfWeight: Optional
  gradientOfBias: Optional
  outer: i32
  count: i32
  channels: i32
  groups: i32
  rows: i32 // how many are summed in float32
  scratch: usize // for each part: two float64 and five float32 of each channel, and one to spare
  chunkOuter: i32 // the gradient's job alone, like what follows
  chunks: i32
  partial: Optional // [chunks][2][channels] of float64: gradients of bias and weight
  eps: f32
  relu: bool
}

/** Adds four float32 to four float64. */
export function addTo(to: usize, values: v128): void {
  v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(values)))
  v128.store(to + 16, f64x2.add(v128.load(to + 16), f64x2.promote_low_f32x4(upper(values))))
}

/** The third and the fourth of four float32, first. */
export function upper(values: v128): v128 {
  return i32x4.shuffle(values, values, 2, 3, 2, 3)
}
