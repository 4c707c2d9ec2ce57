/** `a · b + c` of four numbers: in two roundings, the same on every machine, or in the one of the machine's own instruction. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(c, f32x4.mul(a, b))
}
