import { add, type KernelConfig, maximum, minimum, mul, type Tensor } from '@tensorflow/tfjs-core'
import { kernel } from './kernel.ts'

/** `max(x, 0) + alpha · min(x, 0)`; tfjs-node's own needs the chained methods that only the tfjs union has. */
export const prelu: KernelConfig = kernel<{ x: Tensor; alpha: Tensor }, unknown>('Prelu', (_, { x, alpha }) =>
  add(maximum(x, 0), mul(alpha, minimum(x, 0))),
)
