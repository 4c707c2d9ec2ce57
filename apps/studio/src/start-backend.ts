import { wasm } from '@ddnet/backend-wasm'
import { webgpu } from '@ddnet/backend-webgpu'
import type { Backend } from '@ddnet/ops'
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'

export type BackendWish = 'auto' | 'webgpu' | 'wasm'

export interface StartedBackend {
  readonly backend: Backend
  /** Why this one. */
  readonly reason: string
  /** WebGPU alone: dispatches so far. */
  readonly dispatchCount?: () => number
}

/**
 * Starts the backend that was asked for, and no other; `auto` takes WebGPU on a GPU, otherwise WebAssembly.
 * @throws BackendUnavailable when what was asked for is not there
 */
export async function startBackend(wish: BackendWish): Promise<StartedBackend> {
  if (wish === 'wasm') return { backend: await startWasm(), reason: 'You asked for it.' }
  if (wish === 'webgpu') {
    const backend = await webgpu()
    return { backend, reason: 'You asked for it.', dispatchCount: backend.dispatchCount }
  }
  try {
    const backend = await webgpu()
    if (!backend.software) return { backend, reason: 'This browser has WebGPU.', dispatchCount: backend.dispatchCount }
    backend.dispose()
    const reason = `WebGPU’s only adapter here, ${backend.device}, computes on the CPU, where WebAssembly is faster.`
    return { backend: await startWasm(), reason }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'BackendUnavailable') throw error
    return { backend: await startWasm(), reason: `No WebGPU: ${error.message.replace('webgpu: ', '')}` }
  }
}

const startWasm = (): Promise<Backend> => wasm({ paths: { 'tfjs-backend-wasm-simd.wasm': simd } })
