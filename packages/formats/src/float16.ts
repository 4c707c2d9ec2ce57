/**
 * Values as the bits of float16 (IEEE 754 binary16): rounded to nearest, ties to even; what rounds beyond 65504 is ±Infinity.
 */
export function toFloat16(values: Float32Array): Uint16Array {
  return bitsOf(values, (single) => {
    const sign = (single >>> 16) & 0x8000
    const exponent = (single >>> 23) & 0xff
    const fraction = single & 0x7fffff
    if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200 | (fraction >>> 13))
    if (exponent > 112) return sign | Math.min(0x7c00, roundedShift(((exponent - 112) << 23) | fraction, 13))
    // Below 2⁻¹⁴ the exponent is fixed and the leading 1 is written out. Below half the least one, 2⁻²⁵, all is 0.
    return exponent < 102 ? sign : sign | roundedShift(0x800000 | fraction, 126 - exponent)
  })
}

/** The values of float16 bits, exactly. */
export function fromFloat16(bits: Uint16Array): Float32Array {
  return valuesOf(bits, (half) => {
    const sign = (half & 0x8000) << 16
    const exponent = (half >>> 10) & 0x1f
    const fraction = half & 0x3ff
    if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13)
    if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13)
    if (fraction === 0) return sign
    const shift = Math.clz32(fraction) - 21 // to the place of the leading 1
    return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)
  })
}

/** Values as the bits of bfloat16, float32's upper half: rounded to nearest, ties to even. */
export function toBfloat16(values: Float32Array): Uint16Array {
  return bitsOf(values, (single) => {
    if ((single & 0x7fffffff) > 0x7f800000) return (single >>> 16) | 0x40 // a NaN, which rounding could make infinite
    return roundedShift(single, 16)
  })
}

/** The values of bfloat16 bits, exactly. */
export function fromBfloat16(bits: Uint16Array): Float32Array {
  return valuesOf(bits, (upper) => upper << 16)
}

/** `bits / 2^shift`, rounded to nearest, ties to even. */
function roundedShift(bits: number, shift: number): number {
  const kept = bits >>> shift
  const dropped = (bits & (2 ** shift - 1)) >>> 0
  const half = 2 ** (shift - 1)
  return kept + (dropped > half || (dropped === half && (kept & 1) === 1) ? 1 : 0)
}

const bitsOf = (values: Float32Array, convert: (single: number) => number): Uint16Array =>
  Uint16Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length), convert)

function valuesOf(bits: Uint16Array, convert: (bits: number) => number): Float32Array {
  return new Float32Array(Uint32Array.from(bits, convert).buffer)
}
