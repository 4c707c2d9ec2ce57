import type { WebgpuBackend } from '@ddnet/backend-webgpu'
import type { KernelVariant } from '@ddnet/ops/webgpu'
import { findBackend } from '@tensorflow/tfjs-core'

/** Dawn ends the process when its entry point is collected before its devices. */
const kept = new Map<'null', GPU>()

async function nullAdapter(): Promise<GPUAdapter> {
  // Loaded here: most tests have no use for them.
  const { create, globals } = await import('webgpu')
  Object.assign(globalThis, globals)
  const dawn = kept.get('null') ?? create(['backend=null'])
  kept.set('null', dawn)
  return (await dawn.requestAdapter()) as GPUAdapter // this backend always has one
}

/** Dawn's null backend reads back whatever its memory held before: here every number read is a 1. */
async function requestDevice(adapter: GPUAdapter, descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> {
  const device = await adapter.requestDevice(descriptor)
  const { createBuffer } = device
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(device, descriptor)
    if ((descriptor.usage & GPUBufferUsage.MAP_READ) === 0) return buffer
    const { getMappedRange } = buffer
    buffer.getMappedRange = (...range) => {
      const bytes = getMappedRange.apply(buffer, range)
      new Float32Array(bytes).fill(1)
      return bytes
    }
    return buffer
  }
  return device
}

/**
 * A device of Dawn's null backend. It checks everything as a device with WebGPU's default limits does (WGSL, pipelines,
 * bindings, sizes of workgroups and grids), has 512 MB, and computes nothing: results are ones.
 */
export const openNullDevice = async (): Promise<GPUDevice> => requestDevice(await nullAdapter())

/**
 * Starts WebGPU on the null device and makes it the current backend: steps of any size take the host's time alone.
 *
 * @param variant the kernels that run: those for GPUs, or those for adapters that compute on the CPU
 */
export async function startNullDevice(variant: KernelVariant): Promise<WebgpuBackend> {
  const { webgpu } = await import('@ddnet/backend-webgpu')
  if (findBackend('webgpu') !== null) (await webgpu()).dispose()
  const adapter = await nullAdapter()
  const { features, limits } = adapter
  const info = {
    vendor: '',
    architecture: '',
    device: '',
    description: 'null',
    isFallbackAdapter: variant === 'software',
  }
  const described = { info, features, limits, requestDevice: requestDevice.bind(null, adapter) }
  // Node 20 has no navigator.
  if (typeof globalThis.navigator === 'undefined') {
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'Node.js' }, configurable: true })
  }
  const before = Object.getOwnPropertyDescriptor(globalThis.navigator, 'gpu')
  const gpu = { requestAdapter: async () => described }
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true })
  try {
    return await webgpu()
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis.navigator, 'gpu')
    else Object.defineProperty(globalThis.navigator, 'gpu', before)
  }
}
