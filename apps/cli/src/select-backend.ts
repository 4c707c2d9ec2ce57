import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Backend } from '@ddnet/ops'
import type { BackendWish } from './config/schema.ts'

type Started = Backend & { readonly software?: boolean; readonly version?: string }
type TensorflowDevice = 'auto' | 'cpu' | `cuda:${number}`

/** What starts each backend; a package is loaded only when its backend is tried. */
export interface BackendStarters {
  tensorflow(device: TensorflowDevice): Promise<Started>
  webgpu(): Promise<Started>
  wasm(): Promise<Started>
  /** Whether there is anything that could be a GPU; Dawn takes long, and complains, where there is not. */
  hasGraphicsDevice(): boolean
}

export const backendStarters: BackendStarters = {
  tensorflow: async (device) => (await import('@ddnet/backend-node')).tensorflow({ device }),
  webgpu: async () => (await import('@ddnet/backend-webgpu')).webgpu(),
  wasm: async () => (await import('@ddnet/backend-wasm')).wasm({ threads: wasmThreads() }),
  hasGraphicsDevice: () => process.platform !== 'linux' || linuxGraphicsDevices.some((path) => existsSync(path)),
}

/** Every core, up to where more of them gain nothing for our small kernels. */
const wasmThreads = (): number => Math.min(8, availableParallelism())

/** Mesa's drivers, NVIDIA's, and WSL's. */
const linuxGraphicsDevices = ['/dev/dri', '/dev/nvidiactl', '/dev/dxg']

export interface SelectedBackend {
  readonly backend: Started
  /** `TensorFlow 2.21.0 on cuda:0`. */
  readonly title: string
  /** Why it was taken. */
  readonly reason: string
  /** Whether a GPU computes. */
  readonly accelerated: boolean
}

/**
 * Starts the backend that was asked for, and no other. `auto` takes the first of: TensorFlow on a CUDA GPU, WebGPU on a
 * real GPU, TensorFlow on the CPU, WebAssembly.
 *
 * @throws BackendUnavailable when what was asked for is not there
 */
export function selectBackend(wish: BackendWish, start: BackendStarters = backendStarters): Promise<SelectedBackend> {
  return wish === 'auto' ? automatic(start) : explicit(wish, start)
}

async function explicit(wish: Exclude<BackendWish, 'auto'>, start: BackendStarters): Promise<SelectedBackend> {
  const backend = await starterOf(wish, start)()
  return selected(backend, 'you asked for it')
}

function starterOf(wish: Exclude<BackendWish, 'auto'>, start: BackendStarters): () => Promise<Started> {
  switch (wish) {
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
      return () => start.tensorflow(wish)
  }
}

async function automatic(start: BackendStarters): Promise<SelectedBackend> {
  const tensorflow = await attempt(() => start.tensorflow('auto'))
  if ('backend' in tensorflow && onCuda(tensorflow.backend))
    return selected(tensorflow.backend, 'auto: it has a CUDA GPU')
  const noCuda = 'missing' in tensorflow ? tensorflow.missing : 'TensorFlow sees no CUDA GPU'

  const webgpu: Attempt = start.hasGraphicsDevice()
    ? await attempt(start.webgpu)
    : { missing: 'this machine has no graphics device' }
  if ('backend' in webgpu && webgpu.backend.software !== true) {
    return selected(webgpu.backend, `auto: it has a GPU; no CUDA: ${noCuda}`)
  }
  const noGpu = 'missing' in webgpu ? webgpu.missing : `its only adapter is ${webgpu.backend.device}`
  if ('backend' in webgpu) webgpu.backend.dispose()

  if ('backend' in tensorflow) {
    // The attempt at WebGPU may have made that the engine's current backend.
    return selected(await start.tensorflow('auto'), `auto: ${noCuda}; no WebGPU: ${noGpu}`)
  }
  return selected(await start.wasm(), `auto: no TensorFlow: ${noCuda}; no WebGPU: ${noGpu}`)
}

const onCuda = ({ device }: Started): boolean => device.startsWith('cuda')

function selected(backend: Started, reason: string): SelectedBackend {
  const accelerated = backend.name === 'webgpu' ? backend.software !== true : onCuda(backend)
  return { backend, title: titleOf(backend), reason, accelerated }
}

export function titleOf({ name, device, version }: Started): string {
  if (name === 'tensorflow')
    return `TensorFlow${version === undefined ? '' : ` ${version}`} on ${device === 'cpu' ? 'the CPU' : device}`
  return name === 'webgpu' ? `WebGPU on ${device}` : device
}

type Attempt = { readonly backend: Started } | { readonly missing: string }

async function attempt(start: () => Promise<Started>): Promise<Attempt> {
  try {
    return { backend: await start() }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'BackendUnavailable') throw error
    return { missing: firstSentence(error.message) }
  }
}

/** `tensorflow: the addon is missing: looked here and there. Run: …` → `the addon is missing` */
export const firstSentence = (message: string): string =>
  message.replace(/^\w+: /, '').split(/: |[.;] |\.$/)[0] ?? message
