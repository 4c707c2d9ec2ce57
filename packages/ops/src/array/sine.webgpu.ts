import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { runEach } from '../kernels/webgpu-each.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'

/**
 * Sine and cosine to some 1e-7 of any number. WGSL's own may err by 2⁻¹¹, and on SwiftShader they do by 1.5e-4.
 * @see Moshier's Cephes, sinf.c: reduction by π/2 in three parts, and the polynomials; Payne and Hanek 1983, "Radian
 * reduction for trigonometric functions": above 8192
 */
export const sineWebgpu: KernelConfig = sine('Sin', 0)
export const cosineWebgpu: KernelConfig = sine('Cos', 1)

function sine(kernelName: string, quadrantsAhead: number): KernelConfig {
  return webgpuKernel<{ x: Tensor }, unknown>(kernelName, ({ x }, _, gpu) => {
    const y = gpu.output(x.shape)
    runEach(gpu, {
      label: kernelName,
      reads: { x: [x, 'f32'] },
      writes: { y: [y, 'f32'] },
      size: x.size,
      floats: { nan: Number.NaN },
      functions: () => reduction,
      each: () => /* wgsl */ `
  let value = x[index];
  let magnitude = bitcast<u32>(value) & 0x7fffffffu;
  var reduced = reduceNear(value);
  if (magnitude > 0x46000000u) { reduced = reduceFar(value); } // 8192
  let r = reduced.rest;
  // Sums of two terms at a time: a compiler may add up three in any order.
  let z = r * r;
  let s = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
  let c = (((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z - 0.5) * z + 1.0;
  let quadrant = reduced.quadrant + ${quadrantsAhead};
  let turned = select(s, c, (quadrant & 1) == 1);
  let result = select(turned, -turned, (quadrant & 2) == 2);
  y[index] = select(result, uniforms.nan, magnitude >= 0x7f800000u);`,
    })
    return y
  })
}

const reduction = /* wgsl */ `
/** What a number is beyond so many quarters of a turn, in [-π/4, π/4]. */
struct Reduced { rest : f32, quadrant : i32 }

fn reduceNear(value : f32) -> Reduced {
  let turns = round(value * 0.63661977236758);
  // The first two parts of π/2 have few bits, so their multiples are exact.
  let first = value - turns * 1.5703125;
  let second = first - turns * 4.837512969970703e-4;
  return Reduced(second - turns * 7.549789954891882e-8, i32(turns));
}

/** 2/π in binary, behind 32 zeros. */
const twoOverPi = array<u32, 7>(0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u);

/** The upper half of a product. */
fn upperHalf(a : u32, b : u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let left = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let right = (a & 0xffffu) * (b >> 16u) + (left & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (left >> 16u) + (right >> 16u);
}

fn reduceFar(value : f32) -> Reduced {
  let bits = bitcast<u32>(value);
  let mantissa = (bits << 8u) | 0x80000000u;
  // Of the product with 2/π the digits around the point: multiples of 4 quarter turns change nothing.
  let exponent = ((bits >> 23u) & 0xffu) - 126u;
  let word = exponent >> 5u; // at most 4, where the shift is 0
  let shift = exponent & 31u;
  var digits = array<u32, 4>(twoOverPi[word], twoOverPi[word + 1u], twoOverPi[word + 2u], twoOverPi[min(word + 3u, 6u)]);
  if (shift > 0u) {
    for (var i = 0; i < 3; i++) { digits[i] = (digits[i] << shift) | (digits[i + 1] >> (32u - shift)); }
  }
  let carried = upperHalf(mantissa, digits[2]);
  var low = mantissa * digits[1] + carried;
  var high = mantissa * digits[0] + upperHalf(mantissa, digits[1]) + select(0u, 1u, low < carried);
  // Two digits before the point, 62 behind it: to the nearest quarter.
  var quadrant = i32(high >> 30u);
  high &= 0x3fffffffu;
  let isAbove = (high & 0x20000000u) != 0u;
  if (isAbove) {
    quadrant++;
    low = ~low + 1u;
    high = (~high + select(0u, 1u, low == 0u)) & 0x3fffffffu;
  }
  let fraction = f32(high) * 9.313225746154785e-10 + f32(low) * 2.168404344971009e-19; // 2⁻³⁰ and 2⁻⁶²
  let rest = fraction * select(1.5707963267948966, -1.5707963267948966, isAbove);
  return Reduced(select(rest, -rest, value < 0.0), select(quadrant, -quadrant, value < 0.0));
}`
