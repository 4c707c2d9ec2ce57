import { webgpu } from '@ddnet/backend-webgpu'
import { getBackend, matMul, tensor2d } from '@tensorflow/tfjs-core'

/** What the test reads from the page. */
export interface Report {
  backend: string
  device: string
  software: boolean
  product: number[]
  dispatches: number
  isolated: boolean
}

async function report(): Promise<Report> {
  const backend = await webgpu()
  const product = matMul(tensor2d([1, 2, 3, 4, 5, 6], [2, 3]), tensor2d([7, 8, 9, 10, 11, 12], [3, 2]))
  return {
    backend: getBackend(),
    device: backend.device,
    software: backend.software,
    product: [...(await product.data())],
    dispatches: backend.dispatchCount(),
    isolated: crossOriginIsolated,
  }
}

Object.assign(globalThis, { report })
