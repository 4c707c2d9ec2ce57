import { transposeWebgpu } from '@ddnet/ops/webgpu'
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'

/** Transposition by our own kernel where tfjs's cannot: of integers, of more than six axes, and of longer axes. */
export const transposeOfAny =
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo }
    // Two axes are transposed in tiles of 16.
    const { maxComputeWorkgroupsPerDimension } = (call.backend as WebGPUBackend).device.limits
    const longest = 16 * maxComputeWorkgroupsPerDimension
    const isStocks = x.dtype === 'float32' && x.shape.length <= 6 && x.shape.every((size) => size <= longest)
    return (isStocks ? stock : transposeWebgpu.kernelFunc)(call)
  }
