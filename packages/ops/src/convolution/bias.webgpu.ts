import type { KernelConfig, Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { activated } from '../activation/activated.webgpu.ts'
import type { Activation } from '../activation/activations.ts'
import { runEach } from '../kernels/webgpu-each.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'

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
    runEach(gpu, {
      label: 'addBias',
      variant: activation ?? 'linear',
      reads: { x: [x, type], bias: [bias, type] },
      writes: { y: [y, type] },
      size,
      uniforms: { blocks },
      each: () => /* wgsl */ `
  y[index] = ${activated(sum, type, activation)};`,
    })
    return y
  },
)
