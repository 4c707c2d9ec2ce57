import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import { getKernel, type TensorInfo } from '@tensorflow/tfjs-core'

/** Zeros behind the end of an axis, up to `size`. */
export function padAxis(x: TensorInfo, axis: number, size: number, backend: WebGPUBackend): TensorInfo {
  const paddings = x.shape.map((length, each) => [0, each === axis ? size - length : 0])
  const { kernelFunc } = getKernel('PadV2', 'webgpu')
  return kernelFunc({ inputs: { x }, attrs: { paddings, constantValue: 0 } as never, backend }) as TensorInfo
}
