import { addTo, GroupNorm } from './group-norm-job'
import { shareStart } from './share'

/**
 * Sums are taken in float32 over some rows and combined in float64. How many depends on the shape alone, and no sum is
 * divided among threads, so results do not depend on the parts.
 */

/** Channel by channel, `sums = Σ (x − centre)`, or with `squared` the sum of the squares. */
function sumDifferences(all: GroupNorm, x: usize, centre: usize, sums: usize, squared: bool): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  memory.fill(sums, 0, row << 1)
  const end = x + <usize>all.count * row
  const step = <usize>all.rows * row
  for (let from = x; from < end; from += step) {
    const until = min(from + step, end)
    for (let c: usize = 0; c < vectors; c += 16) {
      const centres = v128.load(centre + c)
      let sum = f32x4.splat(0)
      for (let at = from + c; at < until; at += row) {
        const centred = f32x4.sub(v128.load(at), centres)
        sum = f32x4.add(sum, squared ? f32x4.mul(centred, centred) : centred)
      }
      addTo(sums + (c << 1), sum)
    }
    for (let c = vectors; c < row; c += 4) {
      const centreOf = load<f32>(centre + c)
      let sum: f32 = 0
      for (let at = from + c; at < until; at += row) {
        const centred = load<f32>(at) - centreOf
        sum += squared ? centred * centred : centred
      }
      store<f64>(sums + (c << 1), load<f64>(sums + (c << 1)) + <f64>sum)
    }
  }
}

/** For each channel of one `outer`, its group's mean and `weight / √(variance + eps)`. */
function spread(all: GroupNorm, outer: i32, centre: usize, scale: usize): void {
  const width = (<usize>(all.channels / all.groups)) << 2
  for (let group = 0; group < all.groups; group++) {
    const at = (<usize>(outer * all.groups + group)) << 2
    const mean = load<f32>(all.mean + at)
    const inverse = 1 / Math.sqrt(<f64>load<f32>(all.variance + at) + <f64>all.eps)
    const end = <usize>(group + 1) * width
    for (let c = <usize>group * width; c < end; c += 4) {
      store<f32>(centre + c, mean)
      store<f32>(scale + c, <f32>(<f64>load<f32>(all.weight + c) * inverse))
    }
  }
}

/** `y = (x − mean) / √(variance + eps) · weight + bias`, and `max(y, 0)` with ReLU; the mean and the biased variance. */
export function groupNorm(all: GroupNorm, part: i32, parts: i32): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  const width = (<usize>(all.channels / all.groups)) << 2
  const values = <f64>all.count * <f64>(all.channels / all.groups)
  const sums = all.scratch + <usize>part * row * 10
  const centre = sums + row * 4
  const scale = centre + row
  const floor: f32 = all.relu ? 0 : -Infinity
  const floors = f32x4.splat(floor)
  const last = shareStart(all.outer, part + 1, parts)
  for (let outer = shareStart(all.outer, part, parts); outer < last; outer++) {
    const begin = <usize>outer * <usize>all.count * row
    const x = all.x + begin
    // Sums of differences from the first row keep their digits where values are far from zero.
    sumDifferences(all, x, x, sums, false)
    for (let group = 0; group < all.groups; group++) {
      const end = <usize>(group + 1) * width
      let total: f64 = 0
      for (let c = <usize>group * width; c < end; c += 4) {
        total += <f64>load<f32>(x + c) * <f64>all.count + load<f64>(sums + (c << 1))
      }
      const mean = <f32>(total / values)
      store<f32>(all.mean + ((<usize>(outer * all.groups + group)) << 2), mean)
      for (let c = <usize>group * width; c < end; c += 4) store<f32>(centre + c, mean)
    }
    sumDifferences(all, x, centre, sums, true)
    for (let group = 0; group < all.groups; group++) {
      const end = <usize>(group + 1) * width
      let total: f64 = 0
      for (let c = <usize>group * width; c < end; c += 4) total += load<f64>(sums + (c << 1))
      store<f32>(all.variance + ((<usize>(outer * all.groups + group)) << 2), <f32>(total / values))
    }
    spread(all, outer, centre, scale)
    const y = all.y + begin
    const size = <usize>all.count * row
    for (let at: usize = 0; at < size; at += row) {
      for (let c: usize = 0; c < vectors; c += 16) {
        const centred = f32x4.sub(v128.load(x + at + c), v128.load(centre + c))
        const scaled = f32x4.mul(centred, v128.load(scale + c))
        v128.store(y + at + c, f32x4.max(f32x4.add(scaled, v128.load(all.bias + c)), floors))
      }
      for (let c = vectors; c < row; c += 4) {
        const scaled = (load<f32>(x + at + c) - load<f32>(centre + c)) * load<f32>(scale + c)
        store<f32>(y + at + c, max(scaled + load<f32>(all.bias + c), floor))
      }
    }
  }
}

/**
 * Channel by channel, `sums = Σ d` and `products = Σ d · (x − mean)`, where `d` is `dy`, or 0 where ReLU cut.
 */
function sumGradients(all: GroupNorm, begin: usize, centre: usize, scale: usize, sums: usize, products: usize): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  const open = i32x4.splat(all.relu ? 0 : -1)
  memory.fill(sums, 0, row << 1)
  memory.fill(products, 0, row << 1)
  const end = begin + <usize>all.count * row
  const step = <usize>all.rows * row
  for (let from = begin; from < end; from += step) {
    const until = min(from + step, end)
    for (let c: usize = 0; c < vectors; c += 16) {
      const centres = v128.load(centre + c)
      const scales = v128.load(scale + c)
      const biases = v128.load(all.bias + c)
      let sum = f32x4.splat(0)
      let product = f32x4.splat(0)
      for (let at = from + c; at < until; at += row) {
        const centred = f32x4.sub(v128.load(all.x + at), centres)
        const y = f32x4.add(f32x4.mul(centred, scales), biases)
        const d = v128.andnot(v128.load(all.dy + at), v128.andnot(f32x4.le(y, f32x4.splat(0)), open))
        sum = f32x4.add(sum, d)
        product = f32x4.add(product, f32x4.mul(d, centred))
      }
      addTo(sums + (c << 1), sum)
      addTo(products + (c << 1), product)
    }
    for (let c = vectors; c < row; c += 4) {
      let sum: f32 = 0
      let product: f32 = 0
      for (let at = from + c; at < until; at += row) {
        const centred = load<f32>(all.x + at) - load<f32>(centre + c)
        if (all.relu && centred * load<f32>(scale + c) + load<f32>(all.bias + c) <= 0) continue
        const d = load<f32>(all.dy + at)
        sum += d
        product += d * centred
      }
      store<f64>(sums + (c << 1), load<f64>(sums + (c << 1)) + <f64>sum)
      store<f64>(products + (c << 1), load<f64>(products + (c << 1)) + <f64>product)
    }
  }
}

/**
 * `dx = (d · weight − offset − (x − mean) · slope) / √(variance + eps)`, and each chunk's share of the gradients of weight
 * and bias.
 */
export function groupNormGradient(all: GroupNorm, part: i32, parts: i32): void {
  const row = (<usize>all.channels) << 2
  const width = (<usize>(all.channels / all.groups)) << 2
  const values = <f64>all.count * <f64>(all.channels / all.groups)
  const sums = all.scratch + <usize>part * row * 10
  const products = sums + row * 2
  const centre = products + row * 2
  const scale = centre + row
  const inverses = scale + row
  const offset = inverses + row
  const slope = offset + row
  const last = shareStart(all.chunks, part + 1, parts)
  for (let chunk = shareStart(all.chunks, part, parts); chunk < last; chunk++) {
    const biases = all.partial + <usize>chunk * row * 4
    const weights = biases + row * 2
    memory.fill(biases, 0, row * 4)
    const end = min((chunk + 1) * all.chunkOuter, all.outer)
    for (let outer = chunk * all.chunkOuter; outer < end; outer++) {
      const begin = <usize>outer * <usize>all.count * row
      spread(all, outer, centre, scale)
      sumGradients(all, begin, centre, scale, sums, products)
      for (let group = 0; group < all.groups; group++) {
        const at = (<usize>(outer * all.groups + group)) << 2
        const inverse = 1 / Math.sqrt(<f64>load<f32>(all.variance + at) + <f64>all.eps)
        const until = <usize>(group + 1) * width
        let sum: f64 = 0 // Σ e, where e = d · weight
        let product: f64 = 0 // Σ e · x̂
        for (let c = <usize>group * width; c < until; c += 4) {
          const d = load<f64>(sums + (c << 1))
          const hat = load<f64>(products + (c << 1)) * inverse
          const weight = <f64>load<f32>(all.weight + c)
          sum += d * weight
          product += hat * weight
          store<f64>(biases + (c << 1), load<f64>(biases + (c << 1)) + d)
          store<f64>(weights + (c << 1), load<f64>(weights + (c << 1)) + hat)
        }
        const offsetOf = <f32>(sum / values)
        const slopeOf = <f32>((inverse * product) / values)
        for (let c = <usize>group * width; c < until; c += 4) {
          store<f32>(inverses + c, <f32>inverse)
          store<f32>(offset + c, offsetOf)
          store<f32>(slope + c, slopeOf)
        }
      }
      spreadGradient(all, begin, centre)
    }
  }
}

/** `centre` and the four arrays behind it are those of one `outer`. */
function spreadGradient(all: GroupNorm, begin: usize, centre: usize): void {
  const row = (<usize>all.channels) << 2
  const vectors = row & ~15
  const scale = centre + row
  const inverses = scale + row
  const offset = inverses + row
  const slope = offset + row
  const open = i32x4.splat(all.relu ? 0 : -1)
  const end = begin + <usize>all.count * row
  for (let at = begin; at < end; at += row) {
    const x = all.x + at
    const dy = all.dy + at
    const dx = all.y + at
    for (let c: usize = 0; c < vectors; c += 16) {
      const centred = f32x4.sub(v128.load(x + c), v128.load(centre + c))
      const y = f32x4.add(f32x4.mul(centred, v128.load(scale + c)), v128.load(all.bias + c))
      const cut = v128.andnot(f32x4.le(y, f32x4.splat(0)), open)
      const weighted = f32x4.mul(v128.andnot(v128.load(dy + c), cut), v128.load(all.weight + c))
      const shifted = f32x4.sub(weighted, v128.load(offset + c))
      const tilted = f32x4.sub(shifted, f32x4.mul(centred, v128.load(slope + c)))
      v128.store(dx + c, f32x4.mul(tilted, v128.load(inverses + c)))
    }
    for (let c = vectors; c < row; c += 4) {
      const centred = load<f32>(x + c) - load<f32>(centre + c)
      const cut = all.relu && centred * load<f32>(scale + c) + load<f32>(all.bias + c) <= 0
      const weighted: f32 = cut ? 0 : load<f32>(dy + c) * load<f32>(all.weight + c)
      const tilted = weighted - load<f32>(offset + c) - centred * load<f32>(slope + c)
      store<f32>(dx + c, tilted * load<f32>(inverses + c))
    }
  }
}

/** The gradients of weight and bias: the chunks' shares together. */
export function finishGroupNormGradient(all: GroupNorm): void {
  const row = (<usize>all.channels) << 2
  const end = all.partial + <usize>all.chunks * row * 4
  for (let c: usize = 0; c < row; c += 4) {
    let bias: f64 = 0
    let weight: f64 = 0
    for (let at = all.partial + (c << 1); at < end; at += row * 4) {
      bias += load<f64>(at)
      weight += load<f64>(at + row * 2)
    }
    store<f32>(all.gradientOfBias + c, <f32>bias)
    store<f32>(all.gradientOfWeight + c, <f32>weight)
  }
}
