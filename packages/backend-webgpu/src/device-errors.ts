import type { KernelBackend } from '@tensorflow/tfjs-core'

/**
 * Makes errors of the device reach the program. WebGPU reports a dispatch that it did not run (an invalid pipeline, no
 * memory) to nobody, and its result reads as zeros; here the next read of any tensor throws what happened.
 */
export function surfaceErrors(device: GPUDevice, backend: Pick<KernelBackend, 'read'>): void {
  const messages: string[] = []
  device.addEventListener('uncapturederror', (event) => {
    const { error } = event as GPUUncapturedErrorEvent
    event.preventDefault()
    messages.push(error.message)
  })
  const read = backend.read.bind(backend)
  backend.read = async (id) => {
    const values = await read(id)
    if (messages.length > 0) {
      // The later ones follow from the first.
      throw new Error(`webgpu: the device refused a computation, so results are wrong from there on. ${messages[0]}`)
    }
    return values
  }
}
