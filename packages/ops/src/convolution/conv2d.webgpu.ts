import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { runComposition } from '../engine/kernel-source.ts'
import { type Gpu, webgpuKernel } from '../engine/webgpu-kernel.ts'
import { convolvedSizes } from './conv2d-op.ts'
import { gatherDirectly } from './direct.webgpu.ts'
import type { Gather } from './gather.webgpu.ts'
import type { ConvolutionGeometry, Pair } from './geometry.ts'
import { isNarrow } from './narrow-groups.ts'
import { gatherTiled } from './tiled.webgpu.ts'

/** The convolution in one dispatch. */
export const conv2dWebgpu: KernelConfig = webgpuKernel<{ x: Tensor4D; filter: Tensor4D }, ConvolutionGeometry>(
  'conv2d',
  ({ x, filter }, geometry, gpu) => {
    if (isNarrow(filter.shape[2], geometry)) return runComposition('conv2d', { x, filter }, geometry)
    const size = convolvedSizes([x.shape[1], x.shape[2]], [filter.shape[0], filter.shape[1]], geometry)
    const output = gpu.output([x.shape[0], ...size, filter.shape[3]])
    gather(gpu, { label: 'conv2d', direction: 'forward', input: x, filter, output, geometry })
    return output
  },
)

/** Its input gradient, the transposed convolution, in one dispatch. */
export const conv2dInputGradientWebgpu: KernelConfig = webgpuKernel<
  { dy: Tensor4D; filter: Tensor4D },
  ConvolutionGeometry & { inputSize: Pair }
>('conv2dInputGradient', ({ dy, filter }, { inputSize, ...geometry }, gpu) => {
  if (isNarrow(filter.shape[2], geometry)) {
    return runComposition('conv2dInputGradient', { dy, filter }, { inputSize, ...geometry })
  }
  const output = gpu.output([dy.shape[0], ...inputSize, filter.shape[2] * geometry.groups])
  gather(gpu, { label: 'conv2dInputGradient', direction: 'backward', input: dy, filter, output, geometry })
  return output
})

const gather = (gpu: Gpu, what: Gather): void =>
  gpu.variant === 'gpu' ? gatherTiled(gpu, what) : gatherDirectly(gpu, what)
