import { transposeWebgpu, variantOf } from '@ddnet/ops/webgpu'
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'

/**
 * Transposition by our own kernel where tfjs's cannot: of integers, of more than six axes, and of longer axes than its grid;
 * and on adapters that compute on the CPU, which emulate the barriers between its tiles slowly.
 */
export const transposeOfAny =
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo }
    const backend = call.backend as WebGPUBackend
    const longest = 16 * backend.device.limits.maxComputeWorkgroupsPerDimension // two axes are transposed in tiles of 16
    const isStocks =
      variantOf(backend) === 'gpu' &&
      x.dtype === 'float32' &&
      x.shape.length <= 6 &&
      x.shape.every((size) => size <= longest)
    return (isStocks ? stock : transposeWebgpu.kernelFunc)(call)
  }
