/**
 * `eˣ` of four values: to one or two units in the last place, never below the smallest normal number. A NaN stays one.
 * @see Cephes, expf: `2ⁿ` times a polynomial of what is left within ± ln 2 / 2
 */
export function exp4(x: v128): v128 {
  const within = f32x4.min(f32x4.max(x, f32x4.splat(-87.3365)), f32x4.splat(88.3762))
  const n = f32x4.nearest(f32x4.mul(within, f32x4.splat(<f32>Math.LOG2E)))
  const high = f32x4.sub(within, f32x4.mul(n, f32x4.splat(0.693359375)))
  const r = f32x4.sub(high, f32x4.mul(n, f32x4.splat(-2.1219444e-4)))
  let p = f32x4.splat(1.98756915e-4)
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1))
  const value = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r), f32x4.splat(1))
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23)
  return f32x4.mul(value, power)
}

/** `eˣ` of one value, the same as `exp4` of it. */
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0)
}

/** Natural logarithm of a normal positive number, `2ⁿ · m` with m within √½ … √2: `n ln 2 + 2 artanh((m − 1) / (m + 1))`. */
export function logarithm(x: f64): f64 {
  if (!(x < Infinity)) return x // infinite, or no number
  const bits = reinterpret<i64>(x)
  let exponent = <i32>(bits >> 52) - 1023
  let mantissa = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000)
  if (mantissa > Math.SQRT2) {
    mantissa *= 0.5
    exponent += 1
  }
  const s = (mantissa - 1) / (mantissa + 1)
  const squared = s * s
  let series: f64 = 0
  for (let k = 17; k > 0; k -= 2) series = series * squared + 1 / <f64>k
  return <f64>exponent * Math.LN2 + 2 * s * series
}
