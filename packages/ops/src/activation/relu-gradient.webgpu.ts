import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { webgpuKernel } from '../engine/webgpu-kernel.ts'
import { workgroupSize } from '../engine/webgpu-lanes.ts'

/** One dispatch. */
export const reluGradientWebgpu: KernelConfig = webgpuKernel<{ dy: Tensor; x: Tensor }, object>(
  'reluGradient',
  ({ dy, x }, _, gpu) => {
    const dx = gpu.output(x.shape)
    const type = x.size % 4 === 0 ? 'vec4<f32>' : 'f32'
    const number = x.dtype === 'float32' ? type : type === 'f32' ? 'i32' : 'vec4<i32>'
    const size = type === 'f32' ? x.size : x.size / 4
    gpu.run({
      label: 'reluGradient',
      reads: { dy: [dy, type], x: [x, number] },
      writes: { dx: [dx, type] },
      uniforms: { size },
      workgroupSize,
      workgroups: Math.ceil(size / workgroupSize),
      code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index < uniforms.size) { dx[index] = select(${type}(0.0), dy[index], x[index] > ${number}(0)); }
}`,
    })
    return dx
  },
)
