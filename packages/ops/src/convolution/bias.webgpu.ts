import type { KernelConfig, Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { activated } from '../activation/activated.webgpu.ts'
import type { Activation } from '../activation/activations.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'

const workgroupSize = 64

/** `activation(x + bias)` over the last axis in one pass. */
export const addBiasWebgpu: KernelConfig = webgpuKernel<{ x: Tensor; bias: Tensor1D }, { activation?: Activation }>(
  'addBias',
  ({ x, bias }, { activation }, gpu) => {
    const y = gpu.output(x.shape)
    const channels = bias.shape[0]
    const type = channels % 4 === 0 ? 'vec4<f32>' : 'f32'
    const blocks = type === 'f32' ? channels : channels / 4
    const size = (x.size / channels) * blocks
    const sum = 'x[index] + bias[index % uniforms.blocks]'
    gpu.run({
      label: 'addBias',
      variant: activation ?? 'linear',
      reads: { x: [x, type], bias: [bias, type] },
      writes: { y: [y, type] },
      uniforms: { size, blocks },
      workgroupSize,
      workgroups: Math.ceil(size / workgroupSize),
      code: () => /* wgsl */ `
fn run(workgroup : i32, local : i32) {
  let index = workgroup * ${workgroupSize} + local;
  if (index >= uniforms.size) { return; }
  y[index] = ${activated(sum, type, activation)};
}`,
    })
    return y
  },
)
