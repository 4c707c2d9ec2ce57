import { existsSync, readdirSync } from 'node:fs'
import { BackendUnavailable } from '@ddnet/ops'
import { errorMessage } from '@ddnet/ops/checks'
import { conv2d, matMul, tensor2d, tensor4d, tidy } from '@tensorflow/tfjs-core'
import type { Device } from './environment.ts'
import { installCommand } from './installations.ts'
import type { NodeJSKernelBackend } from './vendor/tfjs-node.mjs'

/**
 * The device that computes, proved by computing: a matrix product and a convolution with known results, and on a GPU an
 * op whose channels-first form TensorFlow has for GPUs alone.
 *
 * @param fixed whether an earlier call loaded TensorFlow for another device
 * @throws BackendUnavailable if a result is wrong, or the device that was asked for is not the one that computes
 */
export function computingDevice(backend: NodeJSKernelBackend, asked: Device, fixed: boolean): 'cpu' | `cuda:${number}` {
  const isGpu = backend.binding.isUsingGpuDevice()
  const isCuda = asked !== 'auto' && asked !== 'cpu'
  if (fixed && (isGpu || isCuda)) {
    throw new BackendUnavailable(
      `tensorflow: this process has loaded TensorFlow for another device, ${isGpu ? 'a GPU' : 'the CPU'}, and that is fixed. Use ${asked} in a new process.`,
    )
  }
  if (asked === 'cpu' && isGpu) {
    // In a worker thread process.env is a copy that TensorFlow does not see.
    throw new BackendUnavailable(
      'tensorflow: expected device cpu, but TensorFlow sees a GPU. Start the process with CUDA_VISIBLE_DEVICES=-1.',
    )
  }
  if (isCuda && !isGpu) throw new BackendUnavailable(`tensorflow: ${asked}: ${missingForCuda(backend)}`)
  try {
    proveArithmetic()
    if (isGpu) proveGpu(backend)
  } catch (error) {
    throw new BackendUnavailable(
      `tensorflow: ${isGpu ? 'the GPU is listed but does not compute' : 'the CPU does not compute'}: ${errorMessage(error)}`,
      { cause: error },
    )
  }
  if (!isGpu) return 'cpu'
  return isCuda ? asked : 'cuda:0'
}

function proveArithmetic(): void {
  tidy(() => {
    const product = matMul(tensor2d([1, 2, 3, 4], [2, 2]), tensor2d([5, 6, 7, 8], [2, 2])).dataSync()
    const image = tensor4d([1, 2, 3, 4], [1, 2, 2, 1])
    const convolved = conv2d(image, tensor4d([1, 2, 3, 4], [2, 2, 1, 1]), 1, 'valid').dataSync()
    const got = [...product, ...convolved]
    if (String(got) !== '19,22,43,50,30') throw new Error(`expected 19, 22, 43, 50 and 30, got ${got.join(', ')}`)
  })
}

function proveGpu(backend: NodeJSKernelBackend): void {
  const got = pixelsByChannelsFirst(backend)
  if (String(got) !== '1,2,3,4') throw new Error(`expected 1, 2, 3, 4, got ${got.join(', ')}`)
}

/** Four channels rearranged to 2 × 2 pixels, in the channels-first form that TensorFlow has on GPUs alone. */
function pixelsByChannelsFirst(backend: NodeJSKernelBackend): number[] {
  const { TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_TYPE, TF_FLOAT } = backend.binding
  const attributes = [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'block_size', type: TF_ATTR_INT, value: 2 },
    { name: 'data_format', type: TF_ATTR_STRING, value: 'NCHW' },
  ]
  return tidy(() => {
    const channels = tensor4d([1, 2, 3, 4], [1, 4, 1, 1])
    const [pixels] = backend.executeMultipleOutputs('DepthToSpace', attributes, [channels], 1)
    return [...(pixels?.dataSync() ?? [])]
  })
}

/** Why there is no GPU, from what the machine shows. */
export function missingForCuda(backend: NodeJSKernelBackend, driver = '/proc/driver/nvidia/gpus'): string {
  if (process.platform === 'linux' && !existsSync(driver)) {
    return `this machine has no NVIDIA driver ('${driver}' does not exist). Install one, or ask for device 'cpu'.`
  }
  const version = backend.binding.TF_Version
  if (!hasCudaKernels(backend)) {
    return `TensorFlow ${version} of this addon is built for the CPU only. Ask for device 'cpu', or bring one with CUDA. Run: ${installCommand} --cuda`
  }
  const gpus = process.platform === 'linux' ? ` among the ${readdirSync(driver).length} of this machine` : ''
  return `TensorFlow ${version} found no such GPU${gpus}. TF_CPP_MIN_LOG_LEVEL=0 shows which CUDA library it misses.`
}

/** TensorFlow's refusal of an op that no device here can run lists the devices that it has kernels for. */
function hasCudaKernels(backend: NodeJSKernelBackend): boolean {
  try {
    pixelsByChannelsFirst(backend)
    return true
  } catch (error) {
    return errorMessage(error).includes("device='GPU'")
  }
}
