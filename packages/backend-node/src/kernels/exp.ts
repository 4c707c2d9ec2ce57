import { cast, type KernelConfig, type Tensor } from '@tensorflow/tfjs-core'
import { kernel } from './kernel.ts'

/** `eˣ`; tfjs-node's own disposes an integer input. */
export const exp: KernelConfig = kernel<{ x: Tensor }, unknown>('Exp', ({ execute }, { x }) =>
  execute('Exp', [cast(x, 'float32')]),
)
