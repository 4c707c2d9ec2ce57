import { shareStart } from './share'

/**
 * `y[o, i, c] = Σ weights[t] · x[o, sources[t], c]` over `starts[i] ≤ t < starts[i + 1]`, for x `[outer, inputSize, inner]`
 * and y `[outer, outputSize, inner]`.
 */
@unmanaged
class Resize {
  x: usize
  y: usize
  outer: i32
  inputSize: i32
  outputSize: i32
  inner: i32
  starts: usize
  sources: usize
  weights: usize
}

export function resize(all: Resize, part: i32, parts: i32): void {
  if (all.outputSize == 0) return
  const row = (<usize>all.inner) << 2
  const blocks = row & ~63
  const vectors = row & ~15
  const rest = row - vectors
  const last = shareStart(all.outer * all.outputSize, part + 1, parts)
  let index = shareStart(all.outer * all.outputSize, part, parts)
  let output = index % all.outputSize
  let x = all.x + <usize>((index / all.outputSize) * all.inputSize) * row
  for (; index < last; index++, output++) {
    if (output == all.outputSize) {
      output = 0
      x += <usize>all.inputSize * row
    }
    const y = all.y + <usize>index * row
    const starts = all.starts + ((<usize>output) << 2)
    const first = (<usize>load<i32>(starts)) << 2
    const end = (<usize>load<i32>(starts, 4)) << 2
    // Most often a copy: of a pixel, or of padding.
    if (end - first == 4 && load<f32>(all.weights + first) == 1) {
      const from = x + <usize>load<i32>(all.sources + first) * row
      if (row > 1024) {
        memory.copy(y, from, row)
        continue
      }
      for (let c: usize = 0; c < vectors; c += 16) v128.store(y + c, v128.load(from + c))
      if (rest > 0) storeSome(y + vectors, loadSome(from + vectors, rest), rest)
      continue
    }
    for (let c: usize = 0; c < blocks; c += 64) {
      let a = f32x4.splat(0)
      let b = f32x4.splat(0)
      let d = f32x4.splat(0)
      let e = f32x4.splat(0)
      for (let tap = first; tap < end; tap += 4) {
        const from = x + <usize>load<i32>(all.sources + tap) * row + c
        const weight = v128.load32_splat(all.weights + tap)
        a = f32x4.add(a, f32x4.mul(weight, v128.load(from)))
        b = f32x4.add(b, f32x4.mul(weight, v128.load(from, 16)))
        d = f32x4.add(d, f32x4.mul(weight, v128.load(from, 32)))
        e = f32x4.add(e, f32x4.mul(weight, v128.load(from, 48)))
      }
      v128.store(y + c, a)
      v128.store(y + c, b, 16)
      v128.store(y + c, d, 32)
      v128.store(y + c, e, 48)
    }
    for (let c = blocks; c < vectors; c += 16) {
      let sum = f32x4.splat(0)
      for (let tap = first; tap < end; tap += 4) {
        const from = x + <usize>load<i32>(all.sources + tap) * row + c
        sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(all.weights + tap), v128.load(from)))
      }
      v128.store(y + c, sum)
    }
    if (rest > 0) {
      let sum = f32x4.splat(0)
      for (let tap = first; tap < end; tap += 4) {
        const values = loadSome(x + <usize>load<i32>(all.sources + tap) * row + vectors, rest)
        sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(all.weights + tap), values))
      }
      storeSome(y + vectors, sum, rest)
    }
  }
}

/** One, two or three floats (4, 8 or 12 bytes), and zeros. */
function loadSome(from: usize, bytes: usize): v128 {
  if (bytes == 4) return v128.load32_zero(from)
  const two = v128.load64_zero(from)
  return bytes == 8 ? two : v128.load_lane<f32>(from + 8, two, 2)
}

function storeSome(to: usize, values: v128, bytes: usize): void {
  if (bytes == 4) {
    v128.store_lane<f32>(to, values, 0)
    return
  }
  v128.store_lane<i64>(to, values, 0)
  if (bytes == 12) v128.store_lane<f32>(to + 8, values, 2)
}
