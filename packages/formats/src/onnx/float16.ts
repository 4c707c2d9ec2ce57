import { OnnxError } from './onnx-error.ts'

/**
 * Values as the bits of float16 (IEEE 754 binary16), rounded to nearest, ties to even.
 *
 * @param name what an error calls them
 * @throws OnnxError if a finite value is beyond float16's 65504
 */
export function toFloat16(values: Float32Array, name: string): Uint16Array {
  const bits = new Uint32Array(1)
  const value = new Float32Array(bits.buffer)
  return Uint16Array.from(values, (each) => {
    value[0] = each
    const half = halfBits(bits[0] as number)
    if ((half & 0x7fff) === 0x7c00 && Number.isFinite(each)) {
      throw new OnnxError(
        `exportOnnx: ${name} holds ${each}, and float16 ends at 65504. Export with weights: 'float32'.`,
      )
    }
    return half
  })
}

function halfBits(single: number): number {
  const sign = (single >>> 16) & 0x8000
  const exponent = (single >>> 23) & 0xff
  const fraction = single & 0x7fffff
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200)
  // Below 2⁻¹⁴ the exponent stays and the leading 1 is written out: the fraction moves right.
  const shift = Math.max(0, 113 - exponent)
  if (shift > 11) return sign
  const significand = shift === 0 ? fraction | ((exponent - 112) << 23) : (fraction | 0x800000) >>> 0
  const dropped = 13 + (shift === 0 ? 0 : shift)
  const kept = Math.floor(significand / 2 ** dropped)
  const rest = significand - kept * 2 ** dropped
  const middle = 2 ** (dropped - 1)
  const up = rest > middle || (rest === middle && (kept & 1) === 1) ? 1 : 0
  return sign | Math.min(kept + up, 0x7c00)
}
