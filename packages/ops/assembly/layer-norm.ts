import { addTo, GroupNorm, upper } from './group-norm-job'
import { shareStart } from './share'

/** Group norm of single rows, `[outer, 1, channels]` in one group: each row is read where it lies, summed in float64. */

/** `y = (x − mean) / √(variance + eps) · weight + bias`, and `max(y, 0)` with ReLU; the mean and the biased variance. */
export function layerNorm(all: GroupNorm, part: i32, parts: i32): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  const values = <f64>all.channels
  const floor: f32 = all.relu ? 0 : -Infinity
  const floors = f32x4.splat(floor)
  const last = shareStart(all.outer, part + 1, parts)
  for (let outer = shareStart(all.outer, part, parts); outer < last; outer++) {
    const x = all.x + <usize>outer * row
    const y = all.y + <usize>outer * row
    const mean = <f32>(sumOf(x, row, 0, false) / values)
    const variance = <f32>(sumOf(x, row, mean, true) / values)
    store<f32>(all.mean + ((<usize>outer) << 2), mean)
    store<f32>(all.variance + ((<usize>outer) << 2), variance)
    const inverse = inverseOf(all, variance)
    const means = f32x4.splat(mean)
    const inverses = f32x4.splat(inverse)
    for (let c: usize = 0; c < vectors; c += 16) {
      const hat = f32x4.mul(f32x4.sub(v128.load(x + c), means), inverses)
      const scaled = f32x4.mul(hat, v128.load(all.weight + c))
      v128.store(y + c, f32x4.max(f32x4.add(scaled, v128.load(all.bias + c)), floors))
    }
    for (let c = vectors; c < row; c += 4) {
      const hat = (load<f32>(x + c) - mean) * inverse
      store<f32>(y + c, max(hat * load<f32>(all.weight + c) + load<f32>(all.bias + c), floor))
    }
  }
}

function inverseOf(all: GroupNorm, variance: f32): f32 {
  return <f32>(1 / Math.sqrt(<f64>variance + <f64>all.eps))
}

/** `Σ (x − centre)` of a row, or with `squared` the sum of the squares. */
function sumOf(x: usize, row: usize, centre: f32, squared: bool): f64 {
  const vectors = row & ~15
  const centres = f32x4.splat(centre)
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  for (let c: usize = 0; c < vectors; c += 16) {
    const centred = f32x4.sub(v128.load(x + c), centres)
    const term = squared ? f32x4.mul(centred, centred) : centred
    low = f64x2.add(low, f64x2.promote_low_f32x4(term))
    high = f64x2.add(high, f64x2.promote_low_f32x4(upper(term)))
  }
  const both = f64x2.add(low, high)
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1)
  for (let c = vectors; c < row; c += 4) {
    const centred = load<f32>(x + c) - centre
    sum += <f64>(squared ? centred * centred : centred)
  }
  return sum
}

/**
 * `dx = (e − Σ e / n − x̂ · Σ e·x̂ / n) / √(variance + eps)` with `e = d · weight`, where `d` is `dy`, or 0 where ReLU cut;
 * and each chunk's share of the gradients of weight and bias.
 */
export function layerNormGradient(all: GroupNorm, part: i32, parts: i32): void {
  const row = (<usize>all.channels) << 2
  const last = shareStart(all.chunks, part + 1, parts)
  for (let chunk = shareStart(all.chunks, part, parts); chunk < last; chunk++) {
    const biases = all.partial + <usize>chunk * row * 4
    memory.fill(biases, 0, row * 4)
    const end = min((chunk + 1) * all.chunkOuter, all.outer)
    for (let outer = chunk * all.chunkOuter; outer < end; outer++) rowGradient(all, outer, biases)
  }
}

/** The gradient of one row; adds to the gradients of bias, and of weight behind it. `dx` holds `e` in between. */
function rowGradient(all: GroupNorm, outer: i32, biases: usize): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  const weights = biases + row * 2
  const x = all.x + <usize>outer * row
  const dy = all.dy + <usize>outer * row
  const dx = all.y + <usize>outer * row
  const mean = load<f32>(all.mean + ((<usize>outer) << 2))
  const inverse = inverseOf(all, load<f32>(all.variance + ((<usize>outer) << 2)))
  const means = f32x4.splat(mean)
  const inverses = f32x4.splat(inverse)
  const open = i32x4.splat(all.relu ? 0 : -1)
  let sums = f64x2.splat(0)
  let products = f64x2.splat(0)
  for (let c: usize = 0; c < vectors; c += 16) {
    const hat = f32x4.mul(f32x4.sub(v128.load(x + c), means), inverses)
    const weight = v128.load(all.weight + c)
    const y = f32x4.add(f32x4.mul(hat, weight), v128.load(all.bias + c))
    const d = v128.andnot(v128.load(dy + c), v128.andnot(f32x4.le(y, f32x4.splat(0)), open))
    const e = f32x4.mul(d, weight)
    const product = f32x4.mul(e, hat)
    v128.store(dx + c, e)
    sums = f64x2.add(sums, f64x2.add(f64x2.promote_low_f32x4(e), f64x2.promote_low_f32x4(upper(e))))
    products = f64x2.add(products, f64x2.add(f64x2.promote_low_f32x4(product), f64x2.promote_low_f32x4(upper(product))))
    addTo(biases + (c << 1), d)
    addTo(weights + (c << 1), f32x4.mul(d, hat))
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)
  let product = f64x2.extract_lane(products, 0) + f64x2.extract_lane(products, 1)
  for (let c = vectors; c < row; c += 4) {
    const hat = (load<f32>(x + c) - mean) * inverse
    const weight = load<f32>(all.weight + c)
    const cut = all.relu && hat * weight + load<f32>(all.bias + c) <= 0
    const d: f32 = cut ? 0 : load<f32>(dy + c)
    const e = d * weight
    store<f32>(dx + c, e)
    sum += <f64>e
    product += <f64>(e * hat)
    store<f64>(biases + (c << 1), load<f64>(biases + (c << 1)) + <f64>d)
    store<f64>(weights + (c << 1), load<f64>(weights + (c << 1)) + <f64>(d * hat))
  }
  const offset = <f32>(sum / <f64>all.channels)
  const slope = <f32>(product / <f64>all.channels)
  for (let c: usize = 0; c < vectors; c += 16) {
    const hat = f32x4.mul(f32x4.sub(v128.load(x + c), means), inverses)
    const shifted = f32x4.sub(v128.load(dx + c), f32x4.splat(offset))
    v128.store(dx + c, f32x4.mul(f32x4.sub(shifted, f32x4.mul(hat, f32x4.splat(slope))), inverses))
  }
  for (let c = vectors; c < row; c += 4) {
    const hat = (load<f32>(x + c) - mean) * inverse
    store<f32>(dx + c, (load<f32>(dx + c) - offset - hat * slope) * inverse)
  }
}
