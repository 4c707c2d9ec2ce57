import { shareStart } from './share'

/** `y = max(a, b)`, or `min`; NaN where either is. The shorter operand repeats. */
@unmanaged
class Extremum {
  long: usize
  short: usize
  y: usize
  count: i32
  period: i32 // of the short operand, at least 1
  smallest: bool // min instead of max
}

export function extremum(all: Extremum, part: i32, parts: i32): void {
  const period = all.period
  const end = shareStart(all.count, part + 1, parts)
  let at = shareStart(all.count, part, parts)
  while (at < end) {
    const place = at % period
    // One value repeats everywhere, so its run has no end.
    const run = period === 1 ? end - at : min(period - place, end - at)
    const long = all.long + ((<usize>at) << 2)
    const short = all.short + ((<usize>place) << 2)
    const y = all.y + ((<usize>at) << 2)
    if (all.smallest) {
      if (period === 1) smallestOfOne(long, load<f32>(short), y, run)
      else smallest(long, short, y, run)
    } else if (period === 1) largestOfOne(long, load<f32>(short), y, run)
    else largest(long, short, y, run)
    at += run
  }
}

function largest(a: usize, b: usize, y: usize, count: i32): void {
  const bytes = (<usize>count) << 2
  const vectors = bytes & ~15
  for (let i: usize = 0; i < vectors; i += 16) v128.store(y + i, f32x4.max(v128.load(a + i), v128.load(b + i)))
  for (let i = vectors; i < bytes; i += 4) store<f32>(y + i, max(load<f32>(a + i), load<f32>(b + i)))
}

function largestOfOne(a: usize, b: f32, y: usize, count: i32): void {
  const bytes = (<usize>count) << 2
  const vectors = bytes & ~15
  const bs = f32x4.splat(b)
  for (let i: usize = 0; i < vectors; i += 16) v128.store(y + i, f32x4.max(v128.load(a + i), bs))
  for (let i = vectors; i < bytes; i += 4) store<f32>(y + i, max(load<f32>(a + i), b))
}

function smallest(a: usize, b: usize, y: usize, count: i32): void {
  const bytes = (<usize>count) << 2
  const vectors = bytes & ~15
  for (let i: usize = 0; i < vectors; i += 16) v128.store(y + i, f32x4.min(v128.load(a + i), v128.load(b + i)))
  for (let i = vectors; i < bytes; i += 4) store<f32>(y + i, min(load<f32>(a + i), load<f32>(b + i)))
}

function smallestOfOne(a: usize, b: f32, y: usize, count: i32): void {
  const bytes = (<usize>count) << 2
  const vectors = bytes & ~15
  const bs = f32x4.splat(b)
  for (let i: usize = 0; i < vectors; i += 16) v128.store(y + i, f32x4.min(v128.load(a + i), bs))
  for (let i = vectors; i < bytes; i += 4) store<f32>(y + i, min(load<f32>(a + i), b))
}
