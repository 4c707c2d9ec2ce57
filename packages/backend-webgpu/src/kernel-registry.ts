import { registerOwnKernel } from '@ddnet/ops/kernels'
import {
  getKernel,
  type KernelConfig,
  type KernelFunc,
  type NamedTensorInfoMap,
  registerKernel,
  unregisterKernel,
} from '@tensorflow/tfjs-core'

/**
 * Puts another kernel in the place of tfjs's own, which it is given to build on.
 * @returns what puts tfjs's kernel back
 */
export function replaceKernel(kernelName: string, replacement: (stock: KernelFunc) => KernelFunc): () => void {
  const stock = getKernel(kernelName, 'webgpu').kernelFunc
  registerOwnKernel({ kernelName, backendName: 'webgpu', kernelFunc: replacement(stock) })
  return () => {
    unregisterKernel(kernelName, 'webgpu')
    registerKernel({ kernelName, backendName: 'webgpu', kernelFunc: stock })
  }
}

/**
 * Adds a kernel, or puts it in the place of tfjs's own, which keeps strings: those lie on the host.
 * @returns what takes it away again
 */
export function addKernel(kernel: KernelConfig): () => void {
  const { kernelName } = kernel
  if (getKernel(kernelName, 'webgpu') !== undefined) {
    return replaceKernel(kernelName, (stock) => (call) => (ofStrings(call.inputs) ? stock : kernel.kernelFunc)(call))
  }
  registerOwnKernel(kernel)
  return () => unregisterKernel(kernelName, 'webgpu')
}

const ofStrings = (inputs: NamedTensorInfoMap): boolean =>
  Object.values(inputs).some((input) => input?.dtype === 'string')
