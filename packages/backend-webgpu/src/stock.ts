import { copyRegisteredKernels, engine, env, findBackend, registerBackend, setBackend } from '@tensorflow/tfjs-core'
import { requestAdapter, requestDevice } from './adapter.ts'
import { findGpu } from './gpu.ts'
import { readPatiently } from './patient-reads.ts'
import { webgpu } from './webgpu.ts'

/** One of two backends in one engine, to be compared. */
export interface Contender {
  readonly device: GPUDevice
  /** Makes it the current backend, with the flags that it runs with. */
  use(): Promise<void>
}

const stockName = 'webgpu-stock'
const flags = ['WEBGPU_CPU_FORWARD', 'WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE'] as const

/**
 * Our WebGPU backend, and tfjs-backend-webgpu as it is published beside it, on a device of its own: operators that it has
 * no kernel for run as their compositions. Both wait for the device in the same way.
 *
 * @throws Error once `webgpu()` has put our kernels in the place of tfjs's
 */
export async function startBoth(): Promise<{ own: Contender; stock: Contender; adapter: string; software: boolean }> {
  if (findBackend('webgpu') !== null)
    throw new Error('startBoth: expected no backend "webgpu" yet. Call it before webgpu().')
  const gpu = await findGpu()
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu')
  copyRegisteredKernels('webgpu', stockName)
  const published = flags.map((flag) => [flag, env().get(flag)] as const)
  const backend = await webgpu()
  const ours = flags.map((flag) => [flag, env().get(flag)] as const)
  const adapter = await requestAdapter(gpu, 'high-performance')
  const device = await requestDevice(adapter)
  registerBackend(stockName, () => {
    const stock = new WebGPUBackend(device, adapter.info)
    if (backend.software && typeof setImmediate !== 'undefined') readPatiently(stock)
    return stock
  })
  const contender = (name: string, of: GPUDevice, set: typeof ours): Contender => ({
    device: of,
    use: async () => {
      for (const [flag, value] of set) env().set(flag, value)
      await setBackend(name)
    },
  })
  const { device: ownDevice } = engine().backend as unknown as { device: GPUDevice } // tfjs's class has it
  return {
    own: contender('webgpu', ownDevice, ours),
    stock: contender(stockName, device, published),
    adapter: backend.device,
    software: backend.software,
  }
}
