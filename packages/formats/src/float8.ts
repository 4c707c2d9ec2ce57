import { fromFloat16 } from './float16.ts'

/** The values of float8 bits with four bits of exponent (E4M3FN: no infinities, and NaN where all others are set), exactly. */
export function fromFloat8E4M3(bits: Uint8Array): Float32Array {
  return Float32Array.from(bits, (byte) => {
    const sign = byte & 0x80 ? -1 : 1
    const [exponent, fraction] = [(byte >> 3) & 15, byte & 7]
    if ((byte & 0x7f) === 0x7f) return Number.NaN
    return sign * (exponent === 0 ? fraction * 2 ** -9 : (8 + fraction) * 2 ** (exponent - 10))
  })
}

/** The values of float8 bits with five bits of exponent (E5M2), exactly: they are float16's upper half. */
export const fromFloat8E5M2 = (bits: Uint8Array): Float32Array =>
  fromFloat16(Uint16Array.from(bits, (byte) => byte << 8))
