import { type KernelConfig, scalar, type Tensor } from '@tensorflow/tfjs-core'
import { type Executor, kernel } from './kernel.ts'

/** 0 where `x ≤ 0`, else `dy`. */
export const reluGradient: KernelConfig = kernel<{ dy: Tensor; x: Tensor }, unknown>(
  'reluGradient',
  (executor, { dy, x }) => gradientOfRelu(executor, dy, x),
)

/** Not by TensorFlow's ReluGrad, which is 0 at a NaN. */
export const gradientOfRelu = ({ execute }: Executor, dy: Tensor, x: Tensor): Tensor =>
  execute('SelectV2', [execute('LessEqual', [x, scalar(0)]), scalar(0), dy])
