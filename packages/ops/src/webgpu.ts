import type { KernelConfig } from '@tensorflow/tfjs-core'
import { addBiasWebgpu } from './convolution/bias.webgpu.ts'

export { type KernelVariant, useVariant } from './engine/webgpu-kernel.ts'

/** Our own kernels for the WebGPU backend; every other operator runs as its composition. */
export const webgpuKernels: readonly KernelConfig[] = [addBiasWebgpu]
