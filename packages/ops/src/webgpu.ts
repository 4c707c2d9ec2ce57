import type { KernelConfig } from '@tensorflow/tfjs-core'
import { addBiasWebgpu } from './convolution/bias.webgpu.ts'
import { crossEntropyGradientWebgpu, crossEntropyWebgpu } from './loss/cross-entropy.webgpu.ts'
import { adamUpdatesWebgpu, adamUpdateWebgpu } from './update/adam-update.webgpu.ts'

export { allowArenas } from './engine/webgpu-arena.ts'
export { type KernelVariant, useVariant } from './engine/webgpu-kernel.ts'

/** Our own kernels for the WebGPU backend; every other operator runs as its composition. */
export const webgpuKernels: readonly KernelConfig[] = [
  adamUpdateWebgpu,
  adamUpdatesWebgpu,
  addBiasWebgpu,
  crossEntropyGradientWebgpu,
  crossEntropyWebgpu,
]
