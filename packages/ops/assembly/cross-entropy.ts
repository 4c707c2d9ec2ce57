import { exp1, exp4, logarithm } from './exp'
import { Optional } from './kinds'
import { shareStart } from './share'

/** Softmax cross-entropy of rows of logits with class indices, and its gradient. Sums are taken in float64. */
@unmanaged
class CrossEntropy {
  logits: usize
  labels: usize
  classWeights: usize
  losses: usize // the gradient's job: the gradient of the losses
  weights: Optional // the weight of each row: w[label], or 0 where it is ignored
  gradient: Optional // of the logits; 0 in the forward pass
  rows: i32
  classes: i32
  smoothing: f32
  ignoreIndex: i32
}

/** The largest logit of a row; NaN if one is. */
function largest(from: usize, row: usize): f32 {
  const vectors = row & ~15
  let peak: f32 = -Infinity
  if (vectors > 0) {
    let peaks = v128.load(from)
    for (let c: usize = 16; c < vectors; c += 16) peaks = f32x4.max(peaks, v128.load(from + c))
    const low = max(f32x4.extract_lane(peaks, 0), f32x4.extract_lane(peaks, 1))
    peak = max(low, max(f32x4.extract_lane(peaks, 2), f32x4.extract_lane(peaks, 3)))
  }
  for (let c = vectors; c < row; c += 4) peak = max(peak, load<f32>(from + c))
  return peak
}

/** `Σ exp(x − peak)`; each term is stored at `to` unless that is 0. */
function sumOfExps(from: usize, row: usize, peak: f32, to: usize): f64 {
  const vectors = row & ~15
  const peaks = f32x4.splat(peak)
  let sums = f64x2.splat(0)
  for (let c: usize = 0; c < vectors; c += 16) {
    const exps = exp4(f32x4.sub(v128.load(from + c), peaks))
    if (to != 0) v128.store(to + c, exps)
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(exps))
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(i32x4.shuffle(exps, exps, 2, 3, 2, 3)))
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)
  for (let c = vectors; c < row; c += 4) {
    const exp = exp1(load<f32>(from + c) - peak)
    if (to != 0) store<f32>(to + c, exp)
    sum += <f64>exp
  }
  return sum
}

/** `loss = −w[y] · (1 − s) · log p[y] − s / classes · Σ w · log p`. */
export function crossEntropy(all: CrossEntropy, part: i32, parts: i32): void {
  const row = (<usize>all.classes) << 2
  const share = <f64>all.smoothing / <f64>all.classes
  const last = shareStart(all.rows, part + 1, parts)
  for (let index = shareStart(all.rows, part, parts); index < last; index++) {
    const at = (<usize>index) << 2
    const label = load<i32>(all.labels + at)
    if (label == all.ignoreIndex) {
      store<f32>(all.losses + at, 0)
      store<f32>(all.weights + at, 0)
      continue
    }
    const from = all.logits + <usize>index * row
    const peak = largest(from, row)
    const whole = <f64>peak + logarithm(sumOfExps(from, row, peak, 0)) // log Σ eˣ
    const weight = <f64>load<f32>(all.classWeights + ((<usize>label) << 2))
    let loss = (1 - <f64>all.smoothing) * weight * (whole - <f64>load<f32>(from + ((<usize>label) << 2)))
    if (all.smoothing > 0) {
      let smooth: f64 = 0
      for (let c: usize = 0; c < row; c += 4) {
        smooth += <f64>load<f32>(all.classWeights + c) * (whole - <f64>load<f32>(from + c))
      }
      loss += share * smooth
    }
    store<f32>(all.losses + at, <f32>loss)
    store<f32>(all.weights + at, <f32>weight)
  }
}

/** With the target `t = w ⊙ ((1 − s) · onehot + s / classes)`: `dlogits = dloss · (p · Σ t − t)`. */
export function crossEntropyGradient(all: CrossEntropy, part: i32, parts: i32): void {
  const row = (<usize>all.classes) << 2
  const vectors = row & ~15
  const share = all.smoothing / <f32>all.classes
  const shares = f32x4.splat(share)
  let total: f64 = 0 // Σ w
  for (let c: usize = 0; c < row; c += 4) total += <f64>load<f32>(all.classWeights + c)
  const last = shareStart(all.rows, part + 1, parts)
  for (let index = shareStart(all.rows, part, parts); index < last; index++) {
    const label = load<i32>(all.labels + ((<usize>index) << 2))
    const to = all.gradient + <usize>index * row
    if (label == all.ignoreIndex) {
      memory.fill(to, 0, row)
      continue
    }
    const from = all.logits + <usize>index * row
    const hard = (<f32>1 - all.smoothing) * load<f32>(all.classWeights + ((<usize>label) << 2))
    const whole = <f64>hard + (<f64>all.smoothing / <f64>all.classes) * total // Σ t
    const dloss = load<f32>(all.losses + ((<usize>index) << 2))
    const scale = <f32>(whole / sumOfExps(from, row, largest(from, row), to))
    const scales = f32x4.splat(scale)
    const dlosses = f32x4.splat(dloss)
    for (let c: usize = 0; c < vectors; c += 16) {
      const soft = f32x4.mul(v128.load(to + c), scales)
      const target = f32x4.mul(shares, v128.load(all.classWeights + c))
      v128.store(to + c, f32x4.mul(dlosses, f32x4.sub(soft, target)))
    }
    for (let c = vectors; c < row; c += 4) {
      store<f32>(to + c, dloss * (load<f32>(to + c) * scale - share * load<f32>(all.classWeights + c)))
    }
    const hot = to + ((<usize>label) << 2)
    store<f32>(hot, load<f32>(hot) - dloss * hard)
  }
}
