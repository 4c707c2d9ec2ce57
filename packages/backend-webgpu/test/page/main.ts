import { webgpu } from '@ddnet/backend-webgpu'
import { engine, getBackend, matMul, tensor2d } from '@tensorflow/tfjs-core'

// A page for Chromium and a module for a Node process of its own.
export { webgpu }

/** Multiplies two matrices and says where. */
export async function report() {
  const backend = await webgpu()
  const product = matMul(tensor2d([1, 2, 3, 4, 5, 6], [2, 3]), tensor2d([7, 8, 9, 10, 11, 12], [3, 2]))
  return {
    backend: getBackend(),
    device: backend.device,
    software: backend.software,
    product: [...(await product.data())],
    dispatches: backend.dispatchCount(),
    isolated: globalThis.crossOriginIsolated,
  }
}

/** Gives the device a shader that does not compile, then reads a result. */
export async function readAfterError(): Promise<number[]> {
  const { device } = engine().backend as unknown as { device: GPUDevice }
  device.createShaderModule({ code: 'nonsense' })
  const product = matMul(tensor2d([[2]]), tensor2d([[3]]))
  return [...(await product.data())]
}

Object.assign(globalThis, { report, readAfterError })
