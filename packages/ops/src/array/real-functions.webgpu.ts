import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { broadcastShape, runBroadcast, runElementwise } from '../engine/webgpu-elementwise.ts'
import { webgpuKernel } from '../engine/webgpu-kernel.ts'

/** What WGSL has no constants of. */
const floats = { nan: Number.NaN, infinity: Number.POSITIVE_INFINITY }

/** A function of one number, of `x`; a NaN stays one, also where WGSL's own function would make a number of it. */
const real = (kernelName: string, value: string, functions = ''): KernelConfig =>
  webgpuKernel<{ x: Tensor }, object>(kernelName, ({ x }, _, gpu) =>
    runElementwise(gpu, {
      label: kernelName,
      reads: { x },
      y: gpu.output(x.shape),
      functions,
      value: `select(${value}, x, isNaN(x))`,
      floats,
    }),
  )

const expm1 = /* wgsl */ `
// Below a half Taylor's series, whose first left out term is 1e-8 of it: a difference from 1 would have few digits.
fn expMinus1(x : F) -> F {
  let series = x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (8.333333e-3
    + x * (1.3888889e-3 + x * (1.984127e-4 + x * 2.4801588e-5)))))));
  return select(exp(x) - 1.0, series, abs(x) < F(0.5));
}`

/**
 * Functions whose WGSL counterparts err at special values on some driver: SwiftShader takes log 0 for −88 and the
 * exponential of NaN for infinite; or lose all digits near 0, as `exp(x) - 1` does.
 */
export const realFunctionsWebgpu: readonly KernelConfig[] = [
  real('Exp', 'select(select(exp(x), F(uniforms.infinity), x > F(88.722839)), F(0.0), x < F(-103.97208))'),
  real('Expm1', 'select(expMinus1(x), F(uniforms.infinity), x > F(88.722839))', expm1),
  real(
    'Log',
    'logarithm(x)',
    /* wgsl */ `
fn logarithm(x : F) -> F {
  let magnitude = magnitudeOf(x);
  // A subnormal number is its bits · 2⁻¹⁴⁹.
  let isSubnormal = magnitude < U(0x00800000u);
  let scaled = log(select(x, F(magnitude), isSubnormal)) - select(F(0.0), F(103.27893), isSubnormal);
  let finite = select(scaled, F(-uniforms.infinity), magnitude == U(0u));
  let positive = select(finite, F(uniforms.infinity), isInfinite(x));
  return select(positive, F(uniforms.nan), isNegative(x) & (magnitude > U(0u)));
}`,
  ),
  real('Sigmoid', 'select(F(1.0), exp(-abs(x)), isNegative(x)) / (1.0 + exp(-abs(x)))'),
  real(
    'Tanh',
    'tangent(x)',
    /* wgsl */ `${expm1}
fn tangent(x : F) -> F {
  let size = abs(x);
  let small = expMinus1(2.0 * min(size, F(0.25)));
  let decay = exp(-2.0 * size);
  let y = select((1.0 - decay) / (1.0 + decay), small / (small + 2.0), size < F(0.25));
  return select(y, -y, isNegative(x));
}`,
  ),
  real(
    'Erf',
    'errorFunction(x)',
    /* wgsl */ `
// Abramowitz and Stegun 7.1.26, to 1.5e-7; near 0, where that leaves few digits, Maclaurin's series.
fn errorFunction(x : F) -> F {
  let size = abs(x);
  let z = x * x;
  let series = 1.1283792 * x * (1.0 - z * (0.33333334 - z * (0.1 - z * (0.023809524 - z * (4.6296296e-3
    - z * (7.5757576e-4 - z * 1.0683761e-4))))));
  let t = 1.0 / (1.0 + 0.3275911 * size);
  let tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  let far = 1.0 - tail * exp(-min(z, F(100.0)));
  return select(select(far, -far, isNegative(x)), series, size < F(0.5));
}`,
  ),
  real(
    'Rsqrt',
    'inverseRoot(x)',
    /* wgsl */ `
fn inverseRoot(x : F) -> F {
  let pole = select(F(uniforms.infinity), F(-uniforms.infinity), isNegative(x));
  let y = select(select(inverseSqrt(x), F(0.0), isInfinite(x)), pole, magnitudeOf(x) == U(0u));
  return select(y, F(uniforms.nan), isNegative(x) & (magnitudeOf(x) > U(0u)));
}`,
  ),
  ...Object.entries({
    IsNan: 'isNaN(x)',
    IsInf: 'isInfinite(x)',
    IsFinite: 'magnitudeOf(x) < U(0x7f800000u)',
  }).map(([kernelName, test]) =>
    webgpuKernel<{ x: Tensor }, object>(kernelName, ({ x }, _, gpu) =>
      runElementwise(gpu, {
        label: kernelName,
        reads: { x },
        y: gpu.output(x.shape, 'bool'),
        value: `select(I(0), I(1), ${test})`,
      }),
    ),
  ),
  webgpuKernel<{ x: Tensor; alpha: Tensor }, object>('Prelu', ({ x, alpha }, _, gpu) =>
    runBroadcast(gpu, {
      label: 'Prelu',
      a: x,
      b: alpha,
      y: gpu.output(broadcastShape(x, alpha)),
      // Chosen, not multiplied by 0 and 1: ∞ · 0 is NaN.
      value: 'select(a, a * b, isNegative(a))',
    }),
  ),
  webgpuKernel<{ a: Tensor; b: Tensor }, object>('Pow', ({ a, b }, _, gpu) =>
    runBroadcast(gpu, {
      label: 'Pow',
      a,
      b,
      y: gpu.output(broadcastShape(a, b)),
      functions: power,
      value: 'power(a, b)',
      floats,
    }),
  ),
]

/** `pow` of C and IEEE 754, as in PyTorch: x⁰ and 1ʸ are 1 whatever the other is, a NaN too. */
const power = /* wgsl */ `
fn power(a : F, b : F) -> F {
  let size = magnitudeOf(a);
  let one = U(0x3f800000u);
  let whole = (floor(b) == b) | isInfinite(b);
  // Half of an odd number has a fraction; from 2²⁴ on all are even.
  let isOdd = whole & (abs(b) < F(16777216.0)) & (floor(b * 0.5) * 2.0 != b);
  let isShrinking = (size < one) != isNegative(b); // towards 0
  let limit = select(F(uniforms.infinity), F(0.0), isShrinking);
  let isLimit = (size == U(0u)) | (size == U(0x7f800000u)) | isInfinite(b);
  let y = select(pow(abs(a), b), select(limit, F(1.0), size == one), isLimit);
  let signed = select(y, -y, isNegative(a) & isOdd);
  let isDefined = !(isNegative(a) & (size != U(0u)) & (size < U(0x7f800000u)) & !whole);
  let known = select(F(uniforms.nan), signed, isDefined & !isNaN(a) & !isNaN(b));
  return select(known, F(1.0), (magnitudeOf(b) == U(0u)) | (bitcast<U>(a) == one));
}`
