import type { KernelConfig, Tensor1D, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { convolvedSizes } from './conv2d-op.ts'
import { gatherDepthwise, isDepthwise } from './depthwise.webgpu.ts'
import { gatherDirectly } from './direct.webgpu.ts'
import type { Gather } from './gather.webgpu.ts'
import type { ConvolutionGeometry, Pair } from './geometry.ts'
import { isNarrow } from './narrow-groups.ts'
import { gatherTiled } from './tiled.webgpu.ts'

type Forward = { x: Tensor4D; filter: Tensor4D; bias?: Tensor1D }
type Backward = { dy: Tensor4D; filter: Tensor4D; bias?: Tensor1D }
type Activated = ConvolutionGeometry & { activation?: Activation }

/** The convolution in one dispatch, and with a bias and an activation in one too. */
export const convolutionWebgpu: readonly KernelConfig[] = ['conv2d', 'biasedConv2d'].map((label) =>
  webgpuKernel<Forward, Activated>(label, ({ x, filter, bias }, geometry, gpu) => {
    const size = convolvedSizes([x.shape[1], x.shape[2]], [filter.shape[0], filter.shape[1]], geometry)
    const output = gpu.output([x.shape[0], ...size, filter.shape[3]])
    return gather(gpu, { label, direction: 'forward', input: x, filter, output, geometry, bias })
  }),
)

/** Its input gradient, which is the transposed convolution: the same. */
export const inputGradientWebgpu: readonly KernelConfig[] = ['conv2dInputGradient', 'biasedConv2dInputGradient'].map(
  (label) =>
    webgpuKernel<Backward, Activated & { inputSize: Pair }>(label, ({ dy, filter, bias }, geometry, gpu) => {
      const output = gpu.output([dy.shape[0], ...geometry.inputSize, filter.shape[2] * geometry.groups])
      return gather(gpu, { label, direction: 'backward', input: dy, filter, output, geometry, bias })
    }),
)

function gather(gpu: Gpu, what: Omit<Gather, 'geometry'> & { geometry: Activated }): TensorInfo {
  run(what)(gpu, { ...what, activation: what.geometry.activation })
  return what.output

  function run({ filter, geometry }: typeof what): typeof gatherTiled {
    const [, , groupChannels, outChannels] = filter.shape
    if (isDepthwise(groupChannels, outChannels, geometry.groups)) return gatherDepthwise
    // Tiles of narrow groups would be padding for the most part.
    return gpu.variant === 'software' || isNarrow(groupChannels, geometry) ? gatherDirectly : gatherTiled
  }
}
