import { existsSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { RequestedBackend } from '@ddnet/experiment'
import { type OpenBackend, openBackend } from './backend-process.ts'
import type { Started } from './describe-backend.ts'

type TensorflowDevice = 'auto' | 'cpu' | `cuda:${number}`

/** What starts each backend, and what a machine has for them; a package is loaded only when its backend is tried. */
export interface BackendStarters {
  tensorflow(device: TensorflowDevice): Promise<Started>
  webgpu(): Promise<Started>
  wasm(): Promise<Started>
  /** Opens a backend in a process of its own. */
  readonly open: OpenBackend
  /** Which TensorFlow would be started, as text that changes when it does. @throws BackendUnavailable for none */
  tensorflowBuild(): Promise<string>
  /** Whether there is anything that could be a GPU: Dawn takes long, and complains, where there is not. */
  hasGraphicsDevice(): boolean
  /** Whether there is anything that could be NVIDIA's: TensorFlow takes a second, and half a gigabyte, to say that there is not. */
  hasNvidiaDevice(): boolean
  /** Threads of WebAssembly. */
  readonly wasmThreads: number
}

/** Every core, up to where more of them gain nothing for our small kernels. */
const wasmThreads = Math.min(8, availableParallelism())

export const backendStarters: BackendStarters = {
  tensorflow: async (device) => (await import('@ddnet/backend-node')).tensorflow({ device }),
  webgpu: async () => (await import('@ddnet/backend-webgpu')).webgpu(),
  wasm: async () => (await import('@ddnet/backend-wasm')).wasm({ threads: wasmThreads }),
  open: openBackend,
  async tensorflowBuild() {
    const { findAddon } = await import('@ddnet/backend-node')
    const path = findAddon(undefined, process.env, process.cwd())
    const { size, mtimeMs } = statSync(path)
    return `${path} of ${new Date(mtimeMs).toISOString()}, ${size} bytes`
  },
  hasGraphicsDevice: () => process.platform !== 'linux' || anyExists('/dev/dri', ...nvidiaDevices),
  hasNvidiaDevice: () => process.platform === 'win32' || anyExists(...nvidiaDevices),
  wasmThreads,
}

/** NVIDIA's driver, and WSL's. */
const nvidiaDevices = ['/proc/driver/nvidia/gpus', '/dev/nvidiactl', '/dev/dxg']

const anyExists = (...paths: string[]): boolean => paths.some((path) => existsSync(path))

export function starterOf(
  requested: Exclude<RequestedBackend, 'auto'>,
  start: BackendStarters,
): () => Promise<Started> {
  switch (requested) {
    case 'wasm':
      return start.wasm
    case 'webgpu':
      return start.webgpu
    case 'tensorflow':
      return () => start.tensorflow('auto')
    case 'cpu':
      return () => start.tensorflow('cpu')
    case 'cuda':
      return () => start.tensorflow('cuda:0')
    default:
      return () => start.tensorflow(requested)
  }
}
