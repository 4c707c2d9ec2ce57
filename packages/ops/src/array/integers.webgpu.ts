import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { upcastType } from '@tensorflow/tfjs-core'
import { broadcastShape, runBroadcast, runElementwise } from '../kernels/webgpu-elementwise.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'

type Pair = { a: Tensor; b: Tensor }
type Whole = 'int32' | 'bool'

/**
 * Kernels for int32 and bool. tfjs's compute integers in float32, which is exact below 2²⁴ alone. Sums, differences and
 * products wrap around at 2³¹, as in PyTorch.
 */
export const integerWebgpu: readonly KernelConfig[] = [
  ...Object.entries({
    Add: 'a + b',
    Sub: 'a - b',
    Multiply: 'a * b',
    FloorDiv: 'a / b - select(I(0), I(1), (a % b != I(0)) & ((a < I(0)) != (b < I(0))))',
    // The sign of the divisor, as in Python.
    Mod: 'a % b + select(I(0), b, (a % b != I(0)) & ((a < I(0)) != (b < I(0))))',
    Maximum: 'max(a, b)',
    Minimum: 'min(a, b)',
    SquaredDifference: '(a - b) * (a - b)',
  }).map(([name, value]) => binary(name, value, (a, b) => upcastType(a.dtype, b.dtype) as Whole)),
  ...Object.entries({ Neg: '-x', Abs: 'abs(x)', Square: 'x * x', Relu: 'max(x, I(0))', Sign: 'sign(x)' }).map(
    ([name, value]) =>
      webgpuKernel<{ x: Tensor }, object>(name, ({ x }, _, gpu) =>
        runElementwise(gpu, {
          label: `${name} of integers`,
          reads: { x },
          y: gpu.output(x.shape, x.dtype),
          value,
        }),
      ),
  ),
]

function binary(kernelName: string, value: string, dtypeOf: (a: TensorInfo, b: TensorInfo) => Whole): KernelConfig {
  return webgpuKernel<Pair, object>(kernelName, ({ a, b }, _, gpu) =>
    runBroadcast(gpu, {
      label: `${kernelName} of integers`,
      a,
      b,
      y: gpu.output(broadcastShape(a, b), dtypeOf(a, b)),
      value,
    }),
  )
}

/**
 * Comparisons of all dtypes, as integers: floats in the order of their bits, so that a NaN is unequal to all, and
 * subnormal numbers are no zeros, whatever a driver makes of them.
 */
export const comparisonsWebgpu: readonly KernelConfig[] = Object.entries({
  Equal: '==',
  NotEqual: '!=',
  Greater: '>',
  GreaterEqual: '>=',
  Less: '<',
  LessEqual: '<=',
}).map(([kernelName, sign]) =>
  webgpuKernel<Pair, object>(kernelName, ({ a, b }, _, gpu) => {
    const isFloat = a.dtype === 'float32' || b.dtype === 'float32'
    const [left, right] = isFloat ? ['key(a)', 'key(b)'] : ['a', 'b']
    const hasNaN = '(((a & I(0x7fffffff)) > I(0x7f800000)) | ((b & I(0x7fffffff)) > I(0x7f800000)))'
    const hit = isFloat
      ? `(${left} ${sign} ${right}) ${sign === '!=' ? '|' : '& !'}${hasNaN}`
      : `${left} ${sign} ${right}`
    return runBroadcast(gpu, {
      label: `${kernelName} of ${isFloat ? 'floats' : 'integers'}`,
      a,
      b,
      y: gpu.output(broadcastShape(a, b), 'bool'),
      asBits: true,
      value: `select(I(0), I(1), ${hit})`,
      functions: isFloat
        ? 'fn key(x : I) -> I { return select(x ^ ((x >> U(31u)) & I(0x7fffffff)), I(0), (x & I(0x7fffffff)) == I(0)); }'
        : '',
    })
  }),
)
