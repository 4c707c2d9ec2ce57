import { observeKernels } from '@ddnet/ops/kernels'
import { getBackend, type KernelBackend } from '@tensorflow/tfjs-core'

/** The device refused a computation, or had no memory for it: what was computed since then is wrong. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError'
}

/** The device is gone, and every tensor on it. */
export class DeviceLost extends Error {
  override readonly name = 'DeviceLost'
}

/** What is needed of tfjs-backend-webgpu. */
type Backend = Pick<KernelBackend, 'read'> & { submitQueue(): void }

/** WebGPU's words for what went wrong, and ours. */
const kinds = { 'out-of-memory': 'has no memory for', validation: 'refused' } as const

/**
 * Makes errors of the device reach the program. WebGPU tells nobody of a dispatch that it did not run (an invalid
 * pipeline, no memory, a lost device), and its result reads as zeros. From now on the next read of a tensor, and the next
 * operator, throw what happened and in which operator, once; of a lost device, always: the places where buffers and pipelines are made and where
 * dispatches are submitted stand in error scopes, and bind groups have the operator's name, which the device's messages
 * quote.
 *
 * @returns what ends it
 */
export function surfaceErrors(device: GPUDevice, backend: Backend): () => void {
  const scoped: string[] = []
  const others: string[] = []
  const asked = new Set<Promise<void>>()
  const sinceSubmit = new Set<string>()
  let last = 'none'
  let lost: GPUDeviceLostInfo | undefined

  /** The operators that are running, the outermost first: those after it are what it is composed of. */
  const running: string[] = []
  const stop = observeKernels(({ kernelName }) => {
    if (getBackend() !== 'webgpu') return undefined
    expectWell(scoped)
    running.push(kernelName)
    last = running[0] ?? kernelName
    sinceSubmit.add(last)
    return () => running.pop()
  })
  const current = (): string => running.join(' › ') || 'a computation'

  const inScope = <T>(operator: string, run: () => T): T => {
    for (const kind of ['validation', 'out-of-memory'] as const) device.pushErrorScope(kind)
    try {
      return run()
    } finally {
      for (const kind of ['out-of-memory', 'validation'] as const) {
        const told = device
          .popErrorScope()
          .then((error) => {
            if (error !== null) scoped.push(`the device ${kinds[kind]} ${operator}: ${error.message}`)
          })
          .catch(() => {}) // `device.lost` tells why
          .finally(() => asked.delete(told))
        asked.add(told)
      }
    }
  }
  const wrap = <T extends object, K extends keyof T>(target: T, method: K, nameOf: () => string): void => {
    const original = target[method] as (...parameters: unknown[]) => unknown
    target[method] = ((...parameters: unknown[]) => inScope(nameOf(), () => original.apply(target, parameters))) as T[K]
  }
  wrap(device, 'createBuffer', current)
  wrap(device, 'createShaderModule', current)
  wrap(device, 'createComputePipeline', current)
  wrap(backend, 'submitQueue', () => {
    const names = [...sinceSubmit].join(', ')
    sinceSubmit.clear()
    return names || 'a copy'
  })
  const { createBindGroup } = device
  device.createBindGroup = (descriptor) => createBindGroup.call(device, { label: current(), ...descriptor })

  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault()
    others.push(`the device refused a computation: ${event.error.message}`)
  })
  device.lost.then((info) => {
    lost = info
  })

  const expectWell = (failures: readonly string[]): void => {
    if (lost !== undefined) {
      throw new DeviceLost(
        `webgpu: the device was lost (${lost.reason}), and its tensors with it; the last operator was ${last}. ${lost.message} Dispose the backend, call webgpu() again, and go on from a checkpoint.`,
      )
    }
    const [first] = failures // the later ones follow from it
    if (first === undefined) return
    scoped.length = 0
    others.length = 0
    throw new DeviceError(`webgpu: ${first} What was computed since then is wrong. Go on from a checkpoint.`)
  }

  const read = backend.read.bind(backend)
  backend.read = async (id) => {
    try {
      const values = await read(id)
      await Promise.all(asked)
      // Those without a scope are told sooner, and most follow from one with.
      expectWell([...scoped, ...others])
      return values
    } catch (error) {
      // A read that the loss of the device breaks off may fail before `device.lost` tells why.
      await new Promise((resolve) => setTimeout(resolve))
      expectWell([...scoped, ...others])
      throw error
    }
  }
  return stop
}
