import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { kernel } from './kernel.ts'

/** `dy` where `x > 0`, else 0. */
export const reluGradient: KernelConfig = kernel<{ dy: Tensor; x: Tensor }, unknown>(
  'reluGradient',
  ({ execute }, { dy, x }) => execute('ReluGrad', [dy, x]),
)
