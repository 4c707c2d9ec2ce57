import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { kernel } from './kernel.ts'
import { denseWindows, type PoolGeometry, poolAttributes } from './pooling.ts'

/** TensorFlow's `MaxPoolGrad`: each gradient goes to the first maximum of its window, row by row. */
export const maxPool2dGradient: KernelConfig = kernel<{ dy: Tensor4D; x: Tensor4D; y: Tensor4D }, PoolGeometry>(
  'maxPool2dGradient',
  ({ execute }, { dy, x, y }, geometry) => {
    const windows = denseWindows(x, geometry)
    const dx = execute<Tensor4D>('MaxPoolGrad', [windows.x, y, dy], poolAttributes(windows.geometry))
    return windows.scatter(dx)
  },
)
