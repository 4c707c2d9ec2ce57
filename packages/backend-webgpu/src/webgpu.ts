import { type Backend, BackendUnavailable } from '@ddnet/ops'
import { expectOneTfjs } from '@ddnet/ops/kernels'
import {
  allowArenas,
  concatWebgpu,
  integerWebgpu,
  type KernelVariant,
  matMulWebgpu,
  packWebgpu,
  useVariant,
  webgpuKernels,
} from '@ddnet/ops/webgpu'
import {
  engine,
  env,
  findBackend,
  findBackendFactory,
  registerBackend,
  removeBackend,
  setBackend,
  version_core,
} from '@tensorflow/tfjs-core'
import { type AdapterDescription, describeAdapter, requestAdapter, requestDevice } from './adapter.ts'
import { addNOfAnyNumber } from './add-n.ts'
import { alignedBroadcast, binaryKernels } from './broadcasts.ts'
import { surfaceErrors } from './device-errors.ts'
import { observeDevice } from './device-observer.ts'
import { findGpu } from './gpu.ts'
import { addKernel, replaceForIntegers, replaceKernel } from './kernel-registry.ts'
import { readPatiently } from './patient-reads.ts'
import { type PrepareProgress, prepare } from './prepare.ts'
import { transposeOfAny } from './transpose.ts'
import { uploadByQueue } from './uploads.ts'

export interface WebgpuOptions {
  /** Which GPU of several: the fast one or the frugal one. */
  readonly powerPreference?: GPUPowerPreference
}

/** The running WebGPU backend. */
export interface WebgpuBackend extends Backend {
  readonly name: 'webgpu'
  /** The adapter: vendor, architecture, description, and `(software)` when it computes on the CPU. */
  readonly device: string
  /** Whether the adapter computes on the CPU (SwiftShader, llvmpipe, WARP): right, but slow. */
  readonly software: boolean
  /** The compute dispatches recorded so far. */
  dispatchCount(): number
  /**
   * Compiles ahead of use, off this thread, what `run` needs; `run` computes nothing meanwhile.
   * @throws DeviceError naming what the device refused
   */
  prepare(run: () => void, onProgress?: (progress: PrepareProgress) => void): Promise<void>
  /** Unregisters the backend and frees the device with every tensor on it. */
  dispose(): void
}

/**
 * Registers and initialises WebGPU and makes it the engine's current backend. In a browser it takes `navigator.gpu`; in
 * Node, Dawn from npm's `webgpu`. Called again while it runs, it makes the same one current again.
 *
 * @throws BackendUnavailable when WebGPU or an adapter is missing, or another version of tfjs-core is loaded; it never falls back
 * to another backend
 * @example
 * const backend = await webgpu()
 * console.log(backend.device) // 'apple metal-3'
 */
export function webgpu({ powerPreference = 'high-performance' }: WebgpuOptions = {}): Promise<WebgpuBackend> {
  const running = starts.get(engine())
  if (running !== undefined) return running.then(makeCurrent)
  const started = start(powerPreference)
  starts.set(engine(), started)
  started.catch(() => starts.delete(engine()))
  return started
}

/** The backend of each engine, as the engine's registry would hold it if that kept more than tfjs's own class. */
const starts = new WeakMap<object, Promise<WebgpuBackend>>()

async function start(powerPreference: GPUPowerPreference): Promise<WebgpuBackend> {
  expectOneTfjs('webgpu', version_core)
  if (findBackend('webgpu') !== null) {
    throw new Error(
      `webgpu: expected no backend "webgpu" in the engine, found one made elsewhere. Call removeBackend('webgpu') before webgpu().`,
    )
  }
  const adapter = await requestAdapter(await findGpu(), powerPreference)
  const description = describeAdapter(adapter)
  const variant = variantFor(description)
  const device = await requestDevice(adapter)
  let dispatches = 0
  observeDevice(device, { dispatch: () => dispatches++ })

  // Imported only now: the module registers its kernels on import, and a backend of its own where navigator.gpu exists.
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu')
  // Otherwise small tensors that are still on the host are computed there, in JavaScript, with other last bits.
  env().set('WEBGPU_CPU_FORWARD', false)
  // A DDNet step is about twice as many dispatches; each submit costs, and buffers are free to be reused only after one.
  env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', 48)
  if (findBackendFactory('webgpu') !== null) removeBackend('webgpu')
  let stopWatching = (): void => {}
  registerBackend('webgpu', () => {
    const backend = new WebGPUBackend(device, adapter.info)
    allowArenas(backend)
    uploadByQueue(backend)
    stopWatching = surfaceErrors(device, backend)
    if (description.software && typeof setImmediate !== 'undefined') readPatiently(backend)
    if (typeof OffscreenCanvas === 'undefined') refuseSyncReads(backend)
    useVariant(backend, variant)
    return backend
  })
  const putBack = [
    replaceKernel('BatchMatMul', matMulWebgpu),
    replaceKernel('AddN', addNOfAnyNumber(device.limits)),
    ...binaryKernels.map((name) => replaceKernel(name, alignedBroadcast)),
    replaceKernel('Transpose', transposeOfAny),
    ...[...integerWebgpu, concatWebgpu, packWebgpu].map(replaceForIntegers),
    ...webgpuKernels.map(addKernel),
  ]
  const backend: WebgpuBackend = {
    name: 'webgpu',
    ...description,
    dispatchCount: () => dispatches,
    prepare: (run, onProgress) =>
      prepare(engine().findBackend('webgpu') as unknown as Parameters<typeof prepare>[0], run, onProgress),
    dispose: () => {
      starts.delete(engine())
      stopWatching()
      for (const restore of putBack.reverse()) restore()
      removeBackend('webgpu')
      device.destroy()
    },
  }
  return makeCurrent(backend)
}

async function makeCurrent(backend: WebgpuBackend): Promise<WebgpuBackend> {
  if (!(await setBackend('webgpu'))) throw new Error('webgpu: the engine refused to initialise the backend.')
  return backend
}

/**
 * Kernels for GPUs or for adapters that compute on the CPU, as the adapter is; `DDNET_WEBGPU_VARIANT` chooses otherwise, so
 * that both can be tested anywhere.
 */
function variantFor({ software }: AdapterDescription): KernelVariant {
  const wanted = typeof process === 'undefined' ? undefined : process.env?.DDNET_WEBGPU_VARIANT
  if (wanted === undefined || wanted === '') return software ? 'software' : 'gpu'
  if (wanted === 'software' || wanted === 'gpu') return wanted
  throw new BackendUnavailable(
    `webgpu: expected DDNET_WEBGPU_VARIANT to be gpu or software, got "${wanted}". Unset it: each adapter has its own.`,
  )
}

/** tfjs reads synchronously through a canvas, which Node has not: what would be a ReferenceError becomes an explanation. */
function refuseSyncReads(backend: { readSync(id: object): unknown; tensorMap: { get(id: object): unknown } }): void {
  const readSync = backend.readSync.bind(backend)
  backend.readSync = (id) => {
    const { values } = backend.tensorMap.get(id) as { values?: unknown }
    if (values === undefined || values === null) {
      throw new Error('webgpu: a tensor on the GPU cannot be read synchronously in Node. Use `await tensor.data()`.')
    }
    return readSync(id)
  }
}
