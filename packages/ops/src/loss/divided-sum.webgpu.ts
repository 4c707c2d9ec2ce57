import type { KernelConfig, Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { sumColumns } from '../array/column-sums.webgpu.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { workgroupSize } from '../kernels/webgpu-lanes.ts'

/** One dispatch for a batch of losses; two for those of pixels, whose partial sums are divided. */
export const dividedSumWebgpu: KernelConfig = webgpuKernel<{ x: Tensor1D; divisor: Scalar }, object>(
  'dividedSum',
  ({ x, divisor }, _, gpu) => {
    const y = gpu.output([])
    const job = { outer: 1, blocks: 1, type: 'f32', sums: ['sum'], add: 'sum += x[row];', uniforms: {} } as const
    const { tensor, parts } = sumColumns(gpu, {
      ...job,
      label: 'dividedSum',
      reads: { x: [x, 'f32'], divisor: [divisor, 'f32'] },
      rows: x.size,
      end: 'sum /= divisor[0];',
      result: y,
    })
    if (parts > 1) {
      const reads = { x: [tensor, 'f32'] as const }
      sumColumns(gpu, { ...job, label: 'dividedSum finish', reads, rows: parts, mostParts: 1, result: y })
    }
    return y
  },
)

export const dividedSumGradientWebgpu: KernelConfig = webgpuKernel<{ dy: Tensor; divisor: Scalar }, { size: number }>(
  'dividedSumGradient',
  ({ dy, divisor }, { size }, gpu) => {
    const dx = gpu.output([size])
    gpu.run({
      label: 'dividedSumGradient',
      reads: { dy: [dy, 'f32'], divisor: [divisor, 'f32'] },
      writes: { dx: [dx, 'f32'] },
      uniforms: { size },
      workgroupSize,
      workgroups: Math.ceil(size / workgroupSize),
      code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index < uniforms.size) { dx[index] = dy[0] / divisor[0]; }
}`,
    })
    return dx
  },
)
