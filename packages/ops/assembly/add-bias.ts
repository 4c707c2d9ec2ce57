import { shareStart } from './share'

/** `y = x + bias` over rows of channels, and `max(y, 0)` with ReLU. */
@unmanaged
class AddBias {
  x: usize
  bias: usize
  y: usize
  rows: i32
  channels: i32
  relu: bool
}

export function addBias(all: AddBias, part: i32, parts: i32): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  const floor: f32 = all.relu ? 0 : -Infinity
  const floors = f32x4.splat(floor)
  const end = <usize>shareStart(all.rows, part + 1, parts) * row
  for (let at = <usize>shareStart(all.rows, part, parts) * row; at < end; at += row) {
    const x = all.x + at
    const y = all.y + at
    for (let c: usize = 0; c < vectors; c += 16) {
      v128.store(y + c, f32x4.max(f32x4.add(v128.load(x + c), v128.load(all.bias + c)), floors))
    }
    for (let c = vectors; c < row; c += 4) {
      store<f32>(y + c, max(load<f32>(x + c) + load<f32>(all.bias + c), floor))
    }
  }
}
