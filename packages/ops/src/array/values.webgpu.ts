import type { DataType, KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { util } from '@tensorflow/tfjs-core'
import { runEach } from '../kernels/webgpu-each.ts'
import { bitsOf, runElementwise } from '../kernels/webgpu-elementwise.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'

type Dtype = 'float32' | 'int32' | 'bool'

/** The value's 32 bits everywhere; tfjs's kernel is given it as a float32. */
export const fillWebgpu: KernelConfig = webgpuKernel<
  Record<never, Tensor>,
  { shape: number[]; value: number; dtype?: DataType }
>('Fill', (_, { shape, value, dtype = util.inferDtype(value) }, gpu) =>
  runElementwise(gpu, {
    label: 'Fill',
    asBits: true,
    reads: {},
    y: gpu.output(shape, dtype),
    value: 'I(uniforms.bits)',
    uniforms: { bits: bitsOf(value, dtype) },
  }),
)

/**
 * Converts values. tfjs gives integers another name and leaves their buffer as it is, so that they are not rounded to
 * float32 and are read back as integers, and cuts off fractions in float32.
 *
 * To int32 NaN becomes 0, and what is too large the largest or least integer; to bool NaN is true, as all that is not 0.
 */
export const castWebgpu: KernelConfig = webgpuKernel<{ x: Tensor }, { dtype: Dtype }>(
  'Cast',
  ({ x }, { dtype }, gpu) => {
    const job = { reads: { x }, y: gpu.output(x.shape, dtype) }
    if (dtype === x.dtype || (dtype === 'int32' && x.dtype === 'bool')) {
      return runElementwise(gpu, { ...job, label: 'Cast', variant: 'same', asBits: true, value: 'x' })
    }
    if (dtype === 'bool') {
      const magnitude = x.dtype === 'float32' ? 'I(0x7fffffff)' : 'I(-1)'
      const value = `select(I(0), I(1), (x & ${magnitude}) != I(0))`
      return runElementwise(gpu, { ...job, label: `Cast ${x.dtype} to bool`, asBits: true, value })
    }
    if (dtype === 'float32') return runElementwise(gpu, { ...job, label: 'Cast to float32', value: 'F(x)' })
    return runElementwise(gpu, {
      ...job,
      label: 'Cast to int32',
      value:
        'select(select(select(I(x), I(0x7fffffff), x >= F(2147483648.0)), I(-2147483648), x < F(-2147483648.0)), I(0), isNaN(x))',
    })
  },
)

/** Of any rank, and every bit of a value; tfjs's kernel passes integers through float32. */
export const selectWebgpu: KernelConfig = webgpuKernel<{ condition: Tensor; t: Tensor; e: Tensor }, object>(
  'Select',
  ({ condition, t, e }, _, gpu) => {
    // A condition of one axis may stand for whole rows.
    const row = t.size / Math.max(1, condition.size)
    const y = gpu.output(t.shape, t.dtype)
    const job = { label: 'Select', asBits: true, y }
    if (row === 1) {
      return runElementwise(gpu, { ...job, reads: { condition, t, e }, value: 'select(e, t, condition != I(0))' })
    }
    runEach(gpu, {
      label: 'Select rows',
      reads: { condition: [condition, 'i32'], t: [t, 'i32'], e: [e, 'i32'] },
      writes: { y: [y, 'i32'] },
      size: t.size,
      uniforms: { row },
      each: () => /* wgsl */ `
  y[index] = select(e[index], t[index], condition[index / uniforms.row] != 0);`,
    })
    return y
  },
)
