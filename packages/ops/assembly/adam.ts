import { shareStart } from './share'

/** One Adam update of one parameter. */
@unmanaged
class Adam {
  parameter: usize
  gradient: usize
  m: usize
  v: usize
  newParameter: usize
  newM: usize
  newV: usize
  count: i32
  beta1: f32
  rest1: f32 // 1 − β₁, rounded once
  beta2: f32
  rest2: f32
  stepSize: f32 // η / (1 − β₁ᵗ)
  correction: f32 // 1 / √(1 − β₂ᵗ)
  eps: f32
  l2: f32 // decay added to the gradient
  keep: f32 // what decoupled decay leaves of the parameter
}

export function adam(all: Adam, part: i32, parts: i32): void {
  const count = all.count
  const quads = count >> 2
  const end = (<usize>shareStart(quads, part + 1, parts)) << 4
  for (let i = (<usize>shareStart(quads, part, parts)) << 4; i < end; i += 16) {
    const parameter = v128.load(all.parameter + i)
    const g = f32x4.add(v128.load(all.gradient + i), f32x4.mul(f32x4.splat(all.l2), parameter))
    const m = f32x4.add(f32x4.mul(f32x4.splat(all.beta1), v128.load(all.m + i)), f32x4.mul(f32x4.splat(all.rest1), g))
    const v = f32x4.add(
      f32x4.mul(f32x4.splat(all.beta2), v128.load(all.v + i)),
      f32x4.mul(f32x4.splat(all.rest2), f32x4.mul(g, g)),
    )
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(v), f32x4.splat(all.correction)), f32x4.splat(all.eps))
    const change = f32x4.div(f32x4.mul(f32x4.splat(all.stepSize), m), denominator)
    v128.store(all.newParameter + i, f32x4.sub(f32x4.mul(f32x4.splat(all.keep), parameter), change))
    v128.store(all.newM + i, m)
    v128.store(all.newV + i, v)
  }
  if (part > 0) return
  for (let i = (<usize>quads) << 4; i < (<usize>count) << 2; i += 4) {
    const parameter = load<f32>(all.parameter + i)
    const g = load<f32>(all.gradient + i) + all.l2 * parameter
    const m = all.beta1 * load<f32>(all.m + i) + all.rest1 * g
    const v = all.beta2 * load<f32>(all.v + i) + all.rest2 * (g * g)
    const change = (all.stepSize * m) / (Mathf.sqrt(v) * all.correction + all.eps)
    store<f32>(all.newParameter + i, all.keep * parameter - change)
    store<f32>(all.newM + i, m)
    store<f32>(all.newV + i, v)
  }
}
