import { Optional } from './kinds'
import { shareStart } from './share'

/**
 * Batch normalisation of rows of channels. Sums are taken in float32 over chunks of rows and combined in float64: whole
 * sums in float32 are 10 to 30 times less exact. Chunks depend on the shape alone, so results do not depend on the parts.
 */
@unmanaged
class BatchNorm {
  x: usize
  y: usize // the gradient's job: dx
  dy: Optional // 0 in the forward pass
  mean: usize
  variance: usize
  weight: usize
  bias: usize
  gradientOfWeight: Optional
  gradientOfBias: Optional
  rows: i32
  channels: i32
  chunkRows: i32
  chunks: i32
  sums: usize // scratch [chunks][channels]
  products: usize // scratch [chunks][channels], the gradient's job alone
  scale: usize // scratch [channels]: weight / √(variance + eps)
  offset: usize // scratch [channels], the gradient's job alone
  slope: usize // scratch [channels], the gradient's job alone
  eps: f32
  relu: bool
}

/** Chunk by chunk, `Σ (x − first row)`: sums of differences keep their digits where values are far from zero. */
export function sumRows(all: BatchNorm, part: i32, parts: i32): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  const last = shareStart(all.chunks, part + 1, parts)
  for (let chunk = shareStart(all.chunks, part, parts); chunk < last; chunk++) {
    const from = all.x + <usize>(chunk * all.chunkRows) * row
    const end = from + <usize>min(all.chunkRows, all.rows - chunk * all.chunkRows) * row
    const to = all.sums + <usize>chunk * row
    for (let c: usize = 0; c < vectors; c += 16) {
      const pivot = v128.load(all.x + c)
      let sum = f32x4.splat(0)
      for (let at = from; at < end; at += row) sum = f32x4.add(sum, f32x4.sub(v128.load(at + c), pivot))
      v128.store(to + c, sum)
    }
    for (let c = vectors; c < row; c += 4) {
      const pivot = load<f32>(all.x + c)
      let sum: f32 = 0
      for (let at = from; at < end; at += row) sum += load<f32>(at + c) - pivot
      store<f32>(to + c, sum)
    }
  }
}

/** Chunk by chunk, `Σ (x − mean)²`. */
export function sumSquares(all: BatchNorm, part: i32, parts: i32): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  const last = shareStart(all.chunks, part + 1, parts)
  for (let chunk = shareStart(all.chunks, part, parts); chunk < last; chunk++) {
    const from = all.x + <usize>(chunk * all.chunkRows) * row
    const end = from + <usize>min(all.chunkRows, all.rows - chunk * all.chunkRows) * row
    const to = all.sums + <usize>chunk * row
    for (let c: usize = 0; c < vectors; c += 16) {
      const mean = v128.load(all.mean + c)
      let sum = f32x4.splat(0)
      for (let at = from; at < end; at += row) {
        const centred = f32x4.sub(v128.load(at + c), mean)
        sum = f32x4.add(sum, f32x4.mul(centred, centred))
      }
      v128.store(to + c, sum)
    }
    for (let c = vectors; c < row; c += 4) {
      const mean = load<f32>(all.mean + c)
      let sum: f32 = 0
      for (let at = from; at < end; at += row) {
        const centred = load<f32>(at + c) - mean
        sum += centred * centred
      }
      store<f32>(to + c, sum)
    }
  }
}

/** The chunks' sums of one channel, together. */
function combine(all: BatchNorm, sums: usize, c: usize): f64 {
  const row = (<usize>all.channels) << 2
  const end = sums + <usize>all.chunks * row
  let sum: f64 = 0
  for (let at = sums; at < end; at += row) sum += <f64>load<f32>(at + c)
  return sum
}

/** `mean`, from the sums. */
export function finishMean(all: BatchNorm): void {
  for (let c: usize = 0; c < (<usize>all.channels) << 2; c += 4) {
    store<f32>(all.mean + c, <f32>(<f64>load<f32>(all.x + c) + combine(all, all.sums, c) / <f64>all.rows))
  }
}

/** `variance` and `scale`, from the sums of squares. */
export function finishVariance(all: BatchNorm): void {
  for (let c: usize = 0; c < (<usize>all.channels) << 2; c += 4) {
    store<f32>(all.variance + c, <f32>(combine(all, all.sums, c) / <f64>all.rows))
  }
  scales(all)
}

function scales(all: BatchNorm): void {
  for (let c: usize = 0; c < (<usize>all.channels) << 2; c += 4) {
    const weight = <f64>load<f32>(all.weight + c)
    store<f32>(all.scale + c, <f32>(weight / Math.sqrt(<f64>load<f32>(all.variance + c) + <f64>all.eps)))
  }
}

/** `y = (x − mean) · scale + bias`, and `max(y, 0)` with ReLU. */
export function normalize(all: BatchNorm, part: i32, parts: i32): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  const floor: f32 = all.relu ? 0 : -Infinity
  const floors = f32x4.splat(floor)
  const end = <usize>shareStart(all.rows, part + 1, parts) * row
  for (let at = <usize>shareStart(all.rows, part, parts) * row; at < end; at += row) {
    const x = all.x + at
    const y = all.y + at
    for (let c: usize = 0; c < vectors; c += 16) {
      const centred = f32x4.sub(v128.load(x + c), v128.load(all.mean + c))
      const scaled = f32x4.mul(centred, v128.load(all.scale + c))
      v128.store(y + c, f32x4.max(f32x4.add(scaled, v128.load(all.bias + c)), floors))
    }
    for (let c = vectors; c < row; c += 4) {
      const scaled = (load<f32>(x + c) - load<f32>(all.mean + c)) * load<f32>(all.scale + c)
      store<f32>(y + c, max(scaled + load<f32>(all.bias + c), floor))
    }
  }
}

/** `scale`, from the variance that the forward pass found. */
export function startGradient(all: BatchNorm): void {
  scales(all)
}

/** Chunk by chunk, `Σ d` and `Σ d · (x − mean)`, where `d` is `dy`, or 0 where ReLU cut. */
export function sumGradients(all: BatchNorm, part: i32, parts: i32): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  const open = i32x4.splat(all.relu ? 0 : -1)
  const last = shareStart(all.chunks, part + 1, parts)
  for (let chunk = shareStart(all.chunks, part, parts); chunk < last; chunk++) {
    const from = <usize>(chunk * all.chunkRows) * row
    const end = from + <usize>min(all.chunkRows, all.rows - chunk * all.chunkRows) * row
    const to = <usize>chunk * row
    for (let c: usize = 0; c < vectors; c += 16) {
      const mean = v128.load(all.mean + c)
      const scale = v128.load(all.scale + c)
      const bias = v128.load(all.bias + c)
      const x = all.x + c
      const dy = all.dy + c
      let sum = f32x4.splat(0)
      let product = f32x4.splat(0)
      for (let at = from; at < end; at += row) {
        const centred = f32x4.sub(v128.load(x + at), mean)
        const y = f32x4.add(f32x4.mul(centred, scale), bias)
        const cut = v128.andnot(f32x4.le(y, f32x4.splat(0)), open)
        const d = v128.andnot(v128.load(dy + at), cut)
        sum = f32x4.add(sum, d)
        product = f32x4.add(product, f32x4.mul(d, centred))
      }
      v128.store(all.sums + to + c, sum)
      v128.store(all.products + to + c, product)
    }
    for (let c = vectors; c < row; c += 4) {
      const mean = load<f32>(all.mean + c)
      const scale = load<f32>(all.scale + c)
      const bias = load<f32>(all.bias + c)
      let sum: f32 = 0
      let product: f32 = 0
      for (let at = from; at < end; at += row) {
        const centred = load<f32>(all.x + at + c) - mean
        if (all.relu && centred * scale + bias <= 0) continue
        const d = load<f32>(all.dy + at + c)
        sum += d
        product += d * centred
      }
      store<f32>(all.sums + to + c, sum)
      store<f32>(all.products + to + c, product)
    }
  }
}

/** The gradients of weight and bias, and what `spreadGradient` needs. */
export function finishGradient(all: BatchNorm): void {
  for (let c: usize = 0; c < (<usize>all.channels) << 2; c += 4) {
    const sum = combine(all, all.sums, c)
    const inverse = 1 / Math.sqrt(<f64>load<f32>(all.variance + c) + <f64>all.eps)
    const product = combine(all, all.products, c) * inverse // Σ d · x̂
    const scale = <f64>load<f32>(all.weight + c) * inverse
    store<f32>(all.gradientOfBias + c, <f32>sum)
    store<f32>(all.gradientOfWeight + c, <f32>product)
    store<f32>(all.offset + c, <f32>((scale * sum) / <f64>all.rows))
    store<f32>(all.slope + c, <f32>((scale * inverse * product) / <f64>all.rows))
  }
}

/** `dx = scale · d − offset − (x − mean) · slope`. */
export function spreadGradient(all: BatchNorm, part: i32, parts: i32): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  const open = i32x4.splat(all.relu ? 0 : -1)
  const end = <usize>shareStart(all.rows, part + 1, parts) * row
  for (let at = <usize>shareStart(all.rows, part, parts) * row; at < end; at += row) {
    const x = all.x + at
    const dy = all.dy + at
    const dx = all.y + at
    for (let c: usize = 0; c < vectors; c += 16) {
      const centred = f32x4.sub(v128.load(x + c), v128.load(all.mean + c))
      const scale = v128.load(all.scale + c)
      const y = f32x4.add(f32x4.mul(centred, scale), v128.load(all.bias + c))
      const cut = v128.andnot(f32x4.le(y, f32x4.splat(0)), open)
      const scaled = f32x4.mul(scale, v128.andnot(v128.load(dy + c), cut))
      const shifted = f32x4.sub(scaled, v128.load(all.offset + c))
      v128.store(dx + c, f32x4.sub(shifted, f32x4.mul(centred, v128.load(all.slope + c))))
    }
    for (let c = vectors; c < row; c += 4) {
      const centred = load<f32>(x + c) - load<f32>(all.mean + c)
      const scale = load<f32>(all.scale + c)
      const cut = all.relu && centred * scale + load<f32>(all.bias + c) <= 0
      const d: f32 = cut ? 0 : load<f32>(dy + c)
      store<f32>(dx + c, scale * d - load<f32>(all.offset + c) - centred * load<f32>(all.slope + c))
    }
  }
}
