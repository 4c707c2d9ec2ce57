import { wasm } from '@ddnet/backend-wasm'
import { type WebgpuBackend, webgpu } from '@ddnet/backend-webgpu'
import type { Backend } from '@ddnet/ops'
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'
import threadedSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'

export type PageBackend = 'auto' | 'webgpu' | 'wasm'

export interface StartedBackend {
  readonly backend: Backend | WebgpuBackend
  /** Why this one. */
  readonly reason: string
}

/**
 * Starts the backend that was asked for, and no other; `auto` takes WebGPU on a GPU, otherwise WebAssembly.
 * @throws BackendUnavailable when what was asked for is not there
 */
export async function startBackend(requested: PageBackend): Promise<StartedBackend> {
  if (requested === 'wasm') return { backend: await startWasm(), reason: 'You asked for it.' }
  if (requested === 'webgpu') return { backend: await webgpu(), reason: 'You asked for it.' }
  try {
    const backend = await webgpu()
    if (!backend.software) return { backend, reason: 'This browser has WebGPU.' }
    backend.dispose()
    const reason = `WebGPU’s only adapter here, ${backend.device}, computes on the CPU, where WebAssembly is faster.`
    return { backend: await startWasm(), reason }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'BackendUnavailable') throw error
    return { backend: await startWasm(), reason: `No WebGPU: ${error.message.replace('webgpu: ', '')}` }
  }
}

/** With as many threads as there are processors, where the page is isolated from others and may have them. */
const startWasm = (): Promise<Backend> =>
  wasm({
    threads: globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1,
    paths: {
      'tfjs-backend-wasm-simd.wasm': new URL(simd, location.href).href,
      'tfjs-backend-wasm-threaded-simd.wasm': new URL(threadedSimd, location.href).href,
    },
  })
