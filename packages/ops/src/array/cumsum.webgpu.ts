import type { KernelConfig, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { util } from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import { runEach } from '../kernels/webgpu-each.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'

/**
 * Running sums along any axis, in log₂ n dispatches: each adds the sum of as many values before as it has of its own. So
 * a sum of n values is added up as a tree, whose rounding grows with log n. Integers are added as integers; tfjs's kernel
 * adds them as floats.
 *
 * @see Hillis and Steele 1986, "Data parallel algorithms"
 */
export const cumsumWebgpu: KernelConfig = webgpuKernel<
  { x: Tensor },
  { axis: number; exclusive: boolean; reverse: boolean }
>('Cumsum', ({ x }, { axis, exclusive, reverse }, gpu) => {
  const place = itemAt(util.parseAxisParam(axis, x.shape), 0)
  const dtype = x.dtype === 'float32' ? 'float32' : 'int32'
  const count = itemAt(x.shape, place)
  const inner = util.sizeFromShape(x.shape.slice(place + 1))
  const scalar = dtype === 'float32' ? 'f32' : 'i32'
  const shifts = Array.from({ length: Math.ceil(Math.log2(Math.max(1, count))) }, (_, power) => 2 ** power)
  // Without a value's own share, the sums begin as the values before.
  const steps = [
    ...(exclusive || shifts.length === 0 ? [{ shift: exclusive ? 1 : count, own: exclusive ? 0 : 1 }] : []),
    ...shifts.map((shift) => ({ shift, own: 1 })),
  ]
  let sums: TensorInfo = x
  for (const [index, { shift, own }] of steps.entries()) {
    const isLast = index === steps.length - 1
    const next = isLast ? gpu.output(x.shape, dtype) : gpu.scratch(x.shape, dtype)
    runEach(gpu, {
      label: 'Cumsum',
      variant: own === 1 ? '' : 'values before',
      reads: { sums: [sums, scalar] },
      writes: { next: [next, scalar] },
      size: x.size,
      uniforms: { count, inner, shift, isReversed: reverse ? 1 : 0 },
      each: () => /* wgsl */ `
  let row = index / uniforms.inner % uniforms.count;
  let before = select(row, uniforms.count - 1 - row, uniforms.isReversed == 1);
  let step = select(-uniforms.shift, uniforms.shift, uniforms.isReversed == 1) * uniforms.inner;
  var sum = ${own === 1 ? 'sums[index]' : `${scalar}(0)`};
  if (before >= uniforms.shift) { sum ${own === 1 ? '+' : ''}= sums[index + step]; }
  next[index] = sum;`,
    })
    sums = next
  }
  return sums
})
