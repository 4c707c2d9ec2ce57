import { type Backend, BackendUnavailable } from '@ddnet/ops'
import { expectOneTfjs, registerOwnKernel } from '@ddnet/ops/kernels'
import {
  findBackend,
  getBackend,
  getKernel,
  type KernelConfig,
  registerBackend,
  registerKernel,
  removeBackend,
  setBackend,
  version_core,
} from '@tensorflow/tfjs-core'
import { computingDevice } from './computing-device.ts'
import { type CudaVersions, loadedCudaVersions } from './cuda-libraries.ts'
import { type Device, loadEnvironment } from './environment.ts'
import { findAddon } from './find-addon.ts'
import { cpuKernels, kernels } from './kernels/index.ts'
import { backendName } from './kernels/kernel.ts'
import { loadAddon } from './load-addon.ts'
import { readLater } from './read-later.ts'
import { expectRightNumbers } from './self-check/self-check.ts'
import type { Binding, NodeJSKernelBackend } from './vendor/tfjs-node.mjs'

export interface TensorFlowOptions {
  /** Default 'auto': the first visible GPU if TensorFlow can use it, else the CPU. */
  device?: Device
  /** Take GPU memory as it is needed (default), instead of all of it at once. */
  memoryGrowth?: boolean
  /** Path of a `tfjs_binding.node`; default: `DDNET_TENSORFLOW_ADDON`, the user's cache, then tfjs-node's own. */
  addon?: string
}

/** On a GPU also the versions of CUDA and cuDNN that it loaded, where their files tell. */
export interface TensorFlowBackend extends Backend, CudaVersions {
  readonly name: 'tensorflow'
  /** The device that computes: 'cpu' or 'cuda:N', proved by computing on it. */
  readonly device: 'cpu' | `cuda:${number}`
  /** TensorFlow's version. */
  readonly version: string
  /** Path of the addon. */
  readonly addon: string
}

/**
 * Starts TensorFlow's C library and makes it the active backend.
 *
 * Device and memory growth are fixed when a process first loads TensorFlow; in a worker thread set
 * `CUDA_VISIBLE_DEVICES` and `TF_FORCE_GPU_ALLOW_GROWTH` for the whole process instead.
 *
 * Before it is used, convolutions, poolings, batch norm and their gradients are compared with plain arithmetic.
 *
 * @throws BackendUnavailable naming what is missing (the addon, one of its libraries, or the device that was asked for), the
 * operator that computes wrong numbers here, or another version of tfjs-core that is loaded
 * @example const { device, version } = await tensorflow({ device: 'cpu' })
 */
export async function tensorflow(options: TensorFlowOptions = {}): Promise<TensorFlowBackend> {
  const { device: asked = 'auto', memoryGrowth = true } = options
  expectOneTfjs('tensorflow', version_core)
  const environment = loadEnvironment(asked, memoryGrowth, process.env)
  const addon = findAddon(options.addon, process.env, process.cwd())
  const { binding, environment: loaded } = loadAddon(addon, environment)
  const previous: string | undefined = getBackend()
  const { backend, isNew } = await registered(binding)
  try {
    await setBackend(backendName)
    const device = computingDevice(backend, asked, loaded.CUDA_VISIBLE_DEVICES !== environment.CUDA_VISIBLE_DEVICES)
    if (device === 'cpu') for (const kernel of cpuKernels) registerOwnKernel(kernel)
    else readLater(backend)
    if (isNew) expectRightNumbers(device, device === 'cpu' && process.env['TF_ENABLE_ONEDNN_OPTS'] === '1')
    return {
      name: backendName,
      device,
      version: binding.TF_Version,
      ...(device !== 'cpu' && loadedCudaVersions()),
      addon,
      dispose: () => removeBackend(backendName),
    }
  } catch (error) {
    if (isNew) removeBackend(backendName)
    if (previous !== undefined && previous !== backendName) await setBackend(previous)
    throw error
  }
}

/** The engine's backend on this addon, registered with its kernels now or by an earlier call. */
async function registered(binding: Binding): Promise<{ backend: NodeJSKernelBackend; isNew: boolean }> {
  const { NodeJSKernelBackend, stockKernels } = await import('./vendor/tfjs-node.mjs')
  const present = findBackend(backendName)
  if (present instanceof NodeJSKernelBackend && present.binding === binding) return { backend: present, isNew: false }
  if (present !== null) {
    throw new BackendUnavailable(
      `tensorflow: another backend '${backendName}' is registered. Dispose it first, and do not import @tensorflow/tfjs-node.`,
    )
  }
  const backend = new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu')
  registerBackend(backendName, () => backend)
  registerMissing(stockKernels)
  for (const kernel of kernels) registerOwnKernel(kernel)
  return { backend, isNew: true }
}

/** What an earlier start left registered stays. */
function registerMissing(kernels: readonly KernelConfig[]): void {
  for (const kernel of kernels) {
    if (getKernel(kernel.kernelName, kernel.backendName) === undefined) registerKernel(kernel)
  }
}
