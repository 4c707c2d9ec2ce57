import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { broadcastShape, runBroadcast, runElementwise } from '../kernels/webgpu-elementwise.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'

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

/**
 * `eˣ` to a unit in the last place; WGSL's own may err by 2|x| of them.
 * @see Moshier's Cephes, expf.c
 */
const exponential = /* wgsl */ `
fn exponential(x : F) -> F {
  let bounded = clamp(x, F(-104.0), F(89.0));
  let power = round(bounded * 1.44269504);
  let most = bounded - power * 0.693359375;
  let r = most + power * 2.12194440e-4;
  let series = ((((1.9875691500e-4 * r + 1.3981999507e-3) * r + 8.3334519073e-3) * r + 4.1665795894e-2) * r
    + 1.6666665459e-1) * r + 5.0000001201e-1;
  let beyond = series * (r * r) + r;
  // 2^power as two factors: one alone may be infinite, or 0.
  let half = I(power) / I(2);
  let y = (beyond + 1.0) * bitcast<F>((half + 127) << U(23u)) * bitcast<F>((I(power) - half + 127) << U(23u));
  return select(select(y, F(uniforms.infinity), x > F(88.722839)), F(0.0), x < F(-103.97208));
}`

/** What `log(1 + r)` has beyond `r − r²/2`. */
const logarithmSeries = /* wgsl */ `let series = ((((((((7.0376836292e-2 * r - 1.1514610310e-1) * r + 1.1676998740e-1) * r - 1.2420140846e-1) * r
    + 1.4249322787e-1) * r - 1.6668057665e-1) * r + 2.0000714765e-1) * r - 2.4999993993e-1) * r + 3.3333331174e-1) * r * z;`

/**
 * Natural logarithm to a unit in the last place, also near 1, where WGSL's own may err by 2⁻²¹.
 * @see Moshier's Cephes, logf.c
 */
const logarithm = /* wgsl */ `
fn logarithm(x : F) -> F {
  let magnitude = magnitudeOf(x);
  // A subnormal number is its bits · 2⁻¹⁴⁹.
  let isSubnormal = magnitude < U(0x00800000u);
  let bits = select(bitcast<I>(magnitude), bitcast<I>(F(magnitude)), isSubnormal);
  // x = m · 2^power, with m between √½ and √2.
  let above = (bits - I(0x3f3504f3)) >> U(23u);
  let power = F(above) - select(F(0.0), F(149.0), isSubnormal);
  let r = bitcast<F>(bits - (above << U(23u))) - 1.0;
  let z = r * r;
  ${logarithmSeries}
  let low = (series - power * 2.12194440e-4) - 0.5 * z;
  let finite = select((r + low) + power * 0.693359375, F(-uniforms.infinity), magnitude == U(0u));
  let positive = select(finite, F(uniforms.infinity), isInfinite(x));
  return select(positive, F(uniforms.nan), isNegative(x) & (magnitude > U(0u)));
}`

const expm1 = /* wgsl */ `${exponential}
// Below a half Taylor's series, whose first left out term is 1e-8 of it: a difference from 1 would have few digits.
fn expMinus1(x : F) -> F {
  let series = x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (8.333333e-3
    + x * (1.3888889e-3 + x * (1.984127e-4 + x * 2.4801588e-5)))))));
  return select(exponential(x) - 1.0, series, abs(x) < F(0.5));
}`

/**
 * Functions whose WGSL counterparts err at special values on some driver: SwiftShader takes log 0 for −88 and the
 * exponential of NaN for infinite; or lose all digits near 0, as `exp(x) - 1` does.
 */
export const realFunctionsWebgpu: readonly KernelConfig[] = [
  real('Exp', 'exponential(x)', exponential),
  real('Expm1', 'expMinus1(x)', expm1),
  real('Log', 'logarithm(x)', logarithm),
  real(
    'Sigmoid',
    'logistic(x)',
    /* wgsl */ `${exponential}
fn logistic(x : F) -> F {
  let decay = exponential(-abs(x));
  return select(F(1.0), decay, isNegative(x)) / (1.0 + decay);
}`,
  ),
  real(
    'Tanh',
    'tangent(x)',
    /* wgsl */ `${expm1}
fn tangent(x : F) -> F {
  let size = abs(x);
  let small = expMinus1(2.0 * min(size, F(0.25)));
  let decay = exponential(-2.0 * size);
  let y = select((1.0 - decay) / (1.0 + decay), small / (small + 2.0), size < F(0.25));
  return select(y, -y, isNegative(x));
}`,
  ),
  real(
    'Erf',
    'errorFunction(x)',
    /* wgsl */ `${exponential}
// Abramowitz and Stegun 7.1.26, to 1.5e-7; near 0, where that leaves few digits, Maclaurin's series.
fn errorFunction(x : F) -> F {
  let size = abs(x);
  let z = x * x;
  let series = 1.1283792 * x * (1.0 - z * (0.33333334 - z * (0.1 - z * (0.023809524 - z * (4.6296296e-3
    - z * (7.5757576e-4 - z * 1.0683761e-4))))));
  let t = 1.0 / (1.0 + 0.3275911 * size);
  let tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  let far = 1.0 - tail * exponential(-min(z, F(100.0)));
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
      value: 'select(F(a), F(a) * F(b), isNegative(F(a)))',
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
      uniforms: { zero: 0 },
    }),
  ),
]

/**
 * `pow` of C and IEEE 754, as in PyTorch: x⁰ and 1ʸ are 1 whatever the other is, a NaN too. Small whole powers are
 * products; others `e^(b · log a)`, with the logarithm and its product in two parts, as an error of one unit in the
 * exponent's last place would be 90 in the result's.
 *
 * @see Dekker 1971, "A floating-point technique for extending the available precision"
 */
const power = /* wgsl */ `${exponential}
fn wholePower(a : F, b : F) -> F {
  var rest = I(clamp(abs(b), F(0.0), F(16.0)));
  var square = a;
  var y = F(1.0);
  for (var i = 0; i < 5; i++) {
    y = select(y, y * square, (rest & I(1)) != I(0));
    square *= square;
    rest = rest >> U(1u);
  }
  return select(y, 1.0 / y, isNegative(b));
}

// What a compiler cannot see through: it might take differences from a rounded number for those from the exact one.
fn settled(x : F) -> F { return bitcast<F>(bitcast<I>(x) ^ I(uniforms.zero)); }

fn realPower(a : F, b : F) -> F {
  let bits = bitcast<I>(a);
  let above = (bits - I(0x3f3504f3)) >> U(23u);
  let power = F(above);
  let r = bitcast<F>(bits - (above << U(23u))) - 1.0;
  let z = r * r;
  ${logarithmSeries}
  // log a = high + low; the first product is exact.
  let most = power * 0.693359375;
  let high = settled(most + r);
  let lost = select(most - (high - r), r - (high - most), abs(most) >= abs(r));
  let low = ((series - power * 2.12194440e-4) - 0.5 * z) + lost;
  // b · high without rounding, as halves of 12 bits.
  let product = settled(b * high);
  let b1 = bitcast<F>(bitcast<I>(b) & I(-4096));
  let h1 = bitcast<F>(bitcast<I>(high) & I(-4096));
  let rounded = ((b1 * h1 - product) + b1 * (high - h1) + (b - b1) * h1) + (b - b1) * (high - h1);
  let rest = rounded + b * low;
  let exponent = settled(product + rest);
  let y = exponential(exponent);
  let error = clamp(rest - (exponent - product), F(-1.0), F(1.0));
  return select(y + y * error, y, isInfinite(y));
}

fn power(a : F, b : F) -> F {
  let size = magnitudeOf(a);
  let one = U(0x3f800000u);
  let whole = (floor(b) == b) | isInfinite(b);
  // Half of an odd number has a fraction; from 2²⁴ on all are even.
  let isOdd = whole & (abs(b) < F(16777216.0)) & (floor(b * 0.5) * 2.0 != b);
  let isShrinking = (size < one) != isNegative(b); // towards 0
  let limit = select(F(uniforms.infinity), F(0.0), isShrinking);
  let isLimit = (size == U(0u)) | (size == U(0x7f800000u)) | isInfinite(b);
  let finite = select(realPower(abs(a), b), wholePower(abs(a), b), whole & (abs(b) <= F(16.0)));
  let y = select(finite, select(limit, F(1.0), size == one), isLimit);
  let signed = select(y, -y, isNegative(a) & isOdd);
  let isDefined = !(isNegative(a) & (size != U(0u)) & (size < U(0x7f800000u)) & !whole);
  let known = select(F(uniforms.nan), signed, isDefined & !isNaN(a) & !isNaN(b));
  return select(known, F(1.0), (magnitudeOf(b) == U(0u)) | (bitcast<U>(a) == one));
}`
