import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { kernel } from './kernel.ts'
import { denseWindows, type PoolGeometry, poolAttributes } from './pooling.ts'

/** TensorFlow's `MaxPool`. */
export const maxPool2d: KernelConfig = kernel<{ x: Tensor4D }, PoolGeometry>(
  'maxPool2d',
  ({ execute }, { x }, geometry) => {
    const windows = denseWindows(x, geometry)
    return execute('MaxPool', [windows.x], poolAttributes(windows.geometry))
  },
)
